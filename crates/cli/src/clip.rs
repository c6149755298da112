//! Commands about one clip. None of them needs a profile or a server.

pub mod frames;
pub mod probe;
pub mod sound;
pub mod still;
pub mod trace;

use std::{io, path::Path, sync::Arc};

use anyhow::{Context, Result};
use limpet_model::Micros;
use limpet_video::{ByteSource, Clip, Part, PlainFile, photo_motion};

/// Part of `limpet-cli help`.
pub const TIMES: &str = "\
Times: pts_us, --at-us and --from-us are microseconds of the container's own time, rounded to nearest: a frame's pts times the \
track's timebase, what ffprobe prints as pts_time. A clip may begin before or after zero; `probe` says where \
(start_us). The frame shown at a time is the one with the greatest pts that is not later.";

/// Opens the main track of a clip in a decoder child.
fn open(path: &Path) -> Result<Clip> {
    Ok(Clip::open(source(path)?)?)
}

/// The bytes of a clip; of a motion photo, those of its moving part.
fn source(path: &Path) -> Result<Arc<dyn ByteSource>> {
    let file = PlainFile::open(path).map_err(|error| {
        let name = path.display();
        match error.kind() {
            io::ErrorKind::NotFound => anyhow::anyhow!("There is no file {name}."),
            io::ErrorKind::IsADirectory => anyhow::anyhow!("{name} is a folder, not a clip."),
            io::ErrorKind::PermissionDenied => anyhow::anyhow!("You may not read {name}."),
            _ => anyhow::anyhow!("The file {name} could not be opened: {error}."),
        }
    })?;
    let file: Arc<dyn ByteSource> = Arc::new(file);
    Ok(match photo_motion(Arc::clone(&file))? {
        Some(range) => Arc::new(Part::new(file, range)),
        None => file,
    })
}

/// The frame shown at a time of the container.
fn frame_at(clip: &Clip, container_us: i64) -> u32 {
    clip.frame_at(Micros(container_us.saturating_sub(clip.probe().start_us)))
}

/// Prints one line of JSON.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer(io::stdout(), value).context("The answer could not be printed")?;
    println!();
    Ok(())
}
