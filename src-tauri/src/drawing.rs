//! The window on a computer without a graphics card, Linux: a practice's thin client, a virtual machine.
//!
//! There WebKit paints its page and hands it to the window in ways that are made for cards and that the processor only
//! plays. In its plain ways a step in the review room is on the glass in two thirds of the time.

use std::{env, io, os::unix::process::CommandExt as _, path::Path, process::Command};

/// WebKit reads these once, when it starts.
const PLAIN: [(&str, &str); 2] =
    [("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "1")];

/// Where there is no card, starts this program again with WebKit's plain ways, in its place. Somebody who chose a way
/// already knows better.
pub fn fit_to_this_computer() {
    let is_chosen = PLAIN.iter().any(|(name, _)| env::var_os(name).is_some());
    if !is_chosen && !has_card(Path::new("/dev/dri")) {
        let error = start_again();
        tracing::warn!(%error, "The window is drawn as if there were a graphics card");
    }
}

/// Returns only when that cannot be done.
fn start_again() -> io::Error {
    let mut arguments = env::args_os();
    match (env::current_exe(), arguments.next()) {
        (Ok(program), Some(name)) => Command::new(program).arg0(name).args(arguments).envs(PLAIN).exec(),
        (Err(error), _) => error,
        (_, None) => io::ErrorKind::NotFound.into(),
    }
}

/// Whether there is a card that draws.
fn has_card(devices: &Path) -> bool {
    let mut names = devices.read_dir().into_iter().flatten().flatten().map(|device| device.file_name());
    names.any(|name| name.to_string_lossy().starts_with("renderD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_one_that_draws() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!has_card(&folder.path().join("none")));
        assert!(!has_card(folder.path()));
        std::fs::write(folder.path().join("card0"), "").expect("a file");
        assert!(!has_card(folder.path()), "a screen without a card");
        std::fs::write(folder.path().join("renderD128"), "").expect("a file");
        assert!(has_card(folder.path()));
    }
}
