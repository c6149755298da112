//! Which program a decoder child is: this one, started again with [`HIDDEN_ARGUMENT`].

use std::{
    env, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// First argument of a decoder child.
pub const HIDDEN_ARGUMENT: &str = "--limpet-decoder";

/// The stand-alone decoder, for programs whose own `main` cannot be started again.
const DECODER: &str = "limpet-decoder";

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Names the program to start as decoder children of this process: any program whose `main` begins with
/// [`crate::run_child_if_asked`]. Only needed where the running program is not such a one, as in a test of a
/// program. The first call counts.
pub fn decode_with(program: impl Into<PathBuf>) {
    let _ = CHOSEN.set(program.into());
}

/// The program to start. A `cargo test` harness cannot be started as a decoder, so beside one the stand-alone
/// decoder of the same build is taken.
pub fn program() -> io::Result<PathBuf> {
    if let Some(chosen) = CHOSEN.get() {
        return Ok(chosen.clone());
    }
    let this = env::current_exe()?;
    let Some(build) = this.parent().filter(|folder| folder.ends_with("deps")).and_then(Path::parent) else {
        return Ok(itself(this));
    };
    let decoder = build.join(format!("{DECODER}{}", env::consts::EXE_SUFFIX));
    if decoder.is_file() {
        return Ok(decoder);
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        "tests need the decoder program: run `cargo build -p limpet-video --bin limpet-decoder` first",
    ))
}

/// The running program, also after an upgrade has put another file at its path: a child of the old program
/// must be the old program, for the two speak with each other.
fn itself(path: PathBuf) -> PathBuf {
    let image = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && image.exists() { image.to_owned() } else { path }
}
