//! Bringing a schema up to date once, however many processes open the database at the same time.
//!
//! PostgreSQL has a lock for this, which sqlx takes. SQLite has none that outlives a step, so whoever opens a file takes
//! a turn at a file beside it.

use std::{fs::File, path::PathBuf};

/// The right to open a SQLite file and bring it up to date, until it is dropped. `None` for what needs none, and where
/// the file for it cannot be made: whether the database can be opened at all is for SQLite to say.
pub(super) async fn turn(url: &str) -> Option<File> {
    let mut path = path_of(url)?.into_os_string();
    path.push(".opening");
    let turn = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    match turn.await.ok()? {
        Ok(file) => Some(file),
        Err(error) => {
            tracing::debug!(%error, "No turn at opening the database");
            None
        }
    }
}

/// Undoes what [`super::file_url`] does.
fn path_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?.split('?').next()?;
    Some(path.replace("%3f", "?").replace("%23", "#").replace("%25", "%").into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::file_url;

    #[test]
    fn a_path_comes_back_from_its_address() {
        for path in ["/var/lib/limpet/limpet.db", "/a b/100%?/#1/%3f.db"] {
            assert_eq!(path_of(&file_url(Path::new(path))).unwrap(), Path::new(path));
        }
        assert_eq!(path_of("postgres://somewhere/limpet"), None);
    }
}
