//! What was removed with its conversation while a backup was taken.
//!
//! The rows were copied before, and say that its files are there. Some of them were copied, others not any more: the
//! backup has none of them, and its rows say so. Where it is restored the conversation is removed once more.

use std::{collections::BTreeSet, path::Path};

use limpet_model::Millis;

use super::{Kept, Result};
use crate::{
    blobs::Blobs,
    file_of::FileOf,
    store::{Store, file_url},
};

/// Looks among what is missing for what the database does not know any more, and takes it out of the backup. Answers the
/// files that were copied for nothing.
pub(super) async fn leave_out_what_was_removed(
    database: &Path,
    copied: &Path,
    files: &mut Vec<Kept>,
    missing: &mut Vec<String>,
    now: Millis,
) -> Result<Vec<Kept>> {
    let of = |path: &str| path.strip_prefix("blobs/").and_then(Blobs::read_path).map(|(of, _)| of);
    let mut removed: BTreeSet<FileOf> = missing.iter().filter_map(|path| of(path)).collect();
    if removed.is_empty() {
        return Ok(Vec::new());
    }
    let store = Store::open_as_it_is(&file_url(database)).await?;
    let there = store.attachments_there_are().await;
    store.close().await;
    for of in there? {
        removed.remove(&of);
    }
    let stays = |path: &str| of(path).is_none_or(|of| !removed.contains(&of));
    missing.retain(|path| stays(path));
    let left_out = files.extract_if(.., |kept| !stays(&kept.path)).collect();
    let store = Store::open_as_it_is(&file_url(copied)).await?;
    let mut done = Ok(());
    for of in removed {
        done = done.and(store.files_were_removed(of, now).await);
    }
    store.close().await;
    done?;
    Ok(left_out)
}
