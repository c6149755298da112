//! folder
use std::path::PathBuf;
use crate::{Filed, FilingOutcome, Paper, Target, Whereabouts};
/// A folder that the practice management system, or its scanner import, watches.
#[derive(Debug, Clone)]
pub struct WatchedFolder {
    folder: PathBuf,
}
impl WatchedFolder {
    /// The folder. Nothing is touched before something is filed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}
impl Target for WatchedFolder {
    fn name(&self) -> String { self.folder.display().to_string() }
    fn check(&self) -> Result<(), String> { Err("not yet".into()) }
    fn file(&self, _paper: &Paper<'_>) -> FilingOutcome { FilingOutcome::Waiting { reason: "not yet".into() } }
    fn whereabouts(&self, _filed: &Filed) -> Whereabouts { Whereabouts::Unknown }
}
