//! `POST /stage?name=`: a file from the page, streamed to where the desk can pick it up with `stage_file`.
//!
//! **Invariant:** what comes in lies in one folder of the profile, readable by this account only, and is gone once
//! the desk has it, when the bridge ends, and at the latest when it starts the next time.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Body, Incoming},
};
use limpet_wire::{Code, Failure, http::UPLOAD_LIMIT};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::{
    answer::{self, Answer},
    guard::query,
};

/// Longest name that is kept, bytes.
const LONGEST_NAME: usize = 200;

/// The folder for what comes in.
pub(crate) struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// In a profile. What a bridge that was killed left behind is removed.
    pub(crate) fn open(profile: &Path) -> io::Result<Self> {
        let stage = Self { folder: std::path::absolute(profile)?.join("bridge-incoming") };
        stage.clear();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&stage.folder)?;
        Ok(stage)
    }

    /// Removes a file that came in, and its folder. Any other path is left alone.
    pub(crate) fn forget(&self, path: &str) {
        let path = Path::new(path);
        let room = path.parent().filter(|room| room.parent() == Some(self.folder.as_path()));
        if let Some(room) = room {
            remove(room);
        }
    }

    /// Removes everything.
    pub(crate) fn clear(&self) {
        remove(&self.folder);
    }

    /// A path for a file of this name, in a folder of its own so that the name can stay.
    fn place(&self, name: &str) -> io::Result<PathBuf> {
        let mut number = [0_u8; 16];
        getrandom::fill(&mut number).map_err(|error| io::Error::other(error.to_string()))?;
        let room = self.folder.join(hex::encode(number));
        fs::create_dir(&room)?;
        Ok(room.join(name))
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(kind = ?error.kind(), "Incoming files could not be removed");
    }
}

pub(crate) async fn receive(stage: &Stage, request: Request<Incoming>) -> Result<Answer, Failure> {
    let name = query(request.uri(), "name").as_deref().and_then(plain).ok_or_else(|| {
        Failure::new(Code::Invalid, "The file has no name that can be kept. Rename it and choose it again.")
    })?;
    let place = stage.place(&name).map_err(|error| unwritable(&error))?;
    let written = write(&place, request.into_body()).await;
    if written.is_err() {
        stage.forget(&place.to_string_lossy());
    }
    written.map(|()| answer::json(&json!({ "path": place })))
}

async fn write(place: &Path, mut body: Incoming) -> Result<(), Failure> {
    let mut file = tokio::fs::File::create_new(place).await.map_err(|error| unwritable(&error))?;
    let limit = u64::try_from(UPLOAD_LIMIT).unwrap_or(0);
    let mut length = body.size_hint().lower();
    if length <= limit {
        length = 0;
    }
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_| Failure::new(Code::Invalid, "The file did not arrive whole. Choose it again."))?;
        let Some(bytes) = frame.data_ref() else { continue };
        length = length.saturating_add(bytes.len() as u64);
        // What is too large is still heard to its end: a browser reads no answer while it sends.
        if length <= limit {
            file.write_all(bytes).await.map_err(|error| unwritable(&error))?;
        }
    }
    if length > limit {
        let limit = limit / 1024 / 1024;
        let words = format!("The file is larger than {limit} MB. Send a shorter clip, or cut it first.");
        return Err(Failure::new(Code::TooLarge, words));
    }
    file.flush().await.map_err(|error| unwritable(&error))
}

fn unwritable(error: &io::Error) -> Failure {
    tracing::warn!(kind = ?error.kind(), "An incoming file could not be written");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::new(
            Code::NoRoom,
            "This computer has no room left for the file. Make room and choose it again.",
        ),
        _ => Failure::new(Code::Internal, "The file could not be kept on this computer. Try again."),
    }
}

/// The last part of a name as a browser sends it, if it is one that can be kept.
fn plain(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let fits = !last.is_empty() && last.len() <= LONGEST_NAME && !matches!(last, "." | "..");
    (fits && !last.chars().any(char::is_control)).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_paths_do_not() {
        assert_eq!(plain("paño 1.mp4").as_deref(), Some("paño 1.mp4"));
        assert_eq!(plain("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(plain("C:\\clips\\a.mov").as_deref(), Some("a.mov"));
        for bad in ["", "..", "a/..", "x/", "a\0b", &"x".repeat(201)] {
            assert_eq!(plain(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn only_what_came_in_is_removed() {
        let profile = tempfile::tempdir().unwrap();
        let other = profile.path().join("outbox.db");
        fs::write(&other, b"precious").unwrap();
        let stage = Stage::open(profile.path()).unwrap();
        let place = stage.place("a.mov").unwrap();
        fs::write(&place, b"clip").unwrap();
        stage.forget(&other.to_string_lossy());
        stage.forget(&stage.folder.join("x").to_string_lossy());
        assert!(other.exists() && place.exists());
        stage.forget(&place.to_string_lossy());
        assert!(!place.exists() && stage.folder.exists());

        fs::write(stage.place("left.mov").unwrap(), b"clip").unwrap();
        let stage = Stage::open(profile.path()).unwrap();
        assert_eq!(fs::read_dir(&stage.folder).unwrap().count(), 0);
        assert!(other.exists());
    }
}
