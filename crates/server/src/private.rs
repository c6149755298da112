//! What only whoever runs the server reads: it holds what clients wrote and the hashes of passwords.
//!
//! **Invariant:** only what is certainly ours is closed afterwards. A data folder that was there may be somebody's home.

use std::{fs, io, path::Path};

/// Makes a folder, and those above it that are missing, for ourselves only. One that is there stays as it is.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes from everybody else what they may do with a file or a folder of ours, if it is there. A group keeps what
/// somebody gave it.
pub(crate) fn close_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Ok(mut permissions) = fs::metadata(path).map(|meta| meta.permissions()) else { return };
        let closed = permissions.mode() & !0o007;
        if permissions.mode() == closed {
            return;
        }
        permissions.set_mode(closed);
        if let Err(error) = fs::set_permissions(path, permissions) {
            tracing::warn!(%error, "Everybody on this machine may read what is in the data folder");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
