//! Taking a backup, also while the server runs.
//!
//! The rows are copied first, as they are at one moment. Everything they say is there was there at that moment, and is
//! there after it: an arriving file only grows, a file that was prepared is in the blob store before it goes from where
//! it arrived, and a blob stays until its conversation is removed. So the arriving files are copied next and the blobs
//! last, and no row is left without its file. What came after the moment is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt;
use limpet_model::Millis;

use super::{
    BackupError, DATABASE, FORMAT, Kept, MANIFEST, Manifest, NAME, NODE, Result, Unfinished, at, backups_in,
    forget::{forget, remove_leftovers, remove_what_no_backup_has},
    hold, part_of, read_manifest,
    removed::leave_out_what_was_removed,
};
use crate::{
    blobs::{Blobs, Listed, Part},
    file_of::FileOf,
    hashed::{self, flush_folder},
    intake::Folder,
    private::make_private,
    progress::Progress,
    store::{Store, file_url, newest_step},
};

/// A backup that was taken.
#[derive(Debug)]
pub struct Taken {
    /// Its folder.
    pub folder: PathBuf,
    /// How many files it holds, and how many bytes they have.
    pub files: u64,
    /// All of them.
    pub bytes: u64,
    /// How many bytes were new.
    pub copied: u64,
    /// Whether what is old or nobody's was removed. The backup is whole all the same.
    pub tidied: Result<()>,
    /// What the database says is there and is not, or is not what was sent.
    pub missing: Vec<String>,
}

/// Copies the installation in `data` into the folder of backups `to`. With `keep`, backups beyond so many are removed
/// afterwards, the oldest first.
pub async fn take(data: &Path, to: &Path, keep: Option<usize>, now: Millis) -> Result<Taken> {
    let database = data.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::NoDatabase(data.to_owned()));
    }
    let outside = data.canonicalize().map_err(at(data))?;
    // Nothing is made where it must not be: what is there of the way to it is looked at.
    let there = to.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    if there.canonicalize().map_err(at(there))?.starts_with(&outside) {
        return Err(BackupError::Inside);
    }
    make_private(to).map_err(at(to))?;
    if to.canonicalize().map_err(at(to))?.starts_with(outside) {
        return Err(BackupError::Inside);
    }
    let _lock = hold(to)?;
    // One that cannot be read spares nothing, and everything is copied anew.
    let before = backups_in(to)?.whole.pop().and_then(|newest| read_manifest(&newest).ok());
    remove_leftovers(to)?;

    let name = name_of(now);
    let folder = part_of(&to.join(&name));
    make_private(&folder).map_err(at(&folder))?;
    let unfinished = Unfinished(Some(folder.clone()));
    let mut taking = Taking {
        data,
        to,
        folder: &folder,
        before: before
            .into_iter()
            .flat_map(|manifest| manifest.files)
            .map(|kept| (kept.path.clone(), kept))
            .collect(),
        files: Vec::new(),
        missing: Vec::new(),
        copied: 0,
    };
    // An upload with a checksum may be cut back to where its chunk began, so no more is taken of it than was there
    // before the rows were looked at.
    let arriving = Folder::new(&data.join("uploads"));
    let lengths: BTreeMap<FileOf, u64> = arriving
        .files()
        .into_iter()
        .map(|of| (of, fs::metadata(arriving.file(of)).map_or(0, |meta| meta.len())))
        .collect();
    let rows = taking.rows(&database).await?;
    taking.arriving(&arriving, &rows, &lengths).await?;
    taking.blobs(&rows).await?;
    let left_out = leave_out_what_was_removed(
        &database,
        &folder.join(DATABASE),
        &mut taking.files,
        &mut taking.missing,
        now,
    )
    .await?;
    taking.node(now).await?;
    taking.put_down(DATABASE, &folder.join(DATABASE), now).await?;

    let Taking { files, missing, copied, .. } = taking;
    let manifest = Manifest {
        format: FORMAT,
        made_by: format!("limpet-server {}", env!("CARGO_PKG_VERSION")),
        taken_at: now,
        schema: newest_step(),
        files,
        missing,
    };
    write_manifest(&folder, &manifest)?;
    let whole = to.join(name);
    fs::rename(&folder, &whole).map_err(at(&whole))?;
    unfinished.keep();
    flush_folder(to).map_err(at(to))?;
    let mut tidied = keep.map_or(Ok(()), |keep| forget(to, keep));
    if !left_out.is_empty() {
        tidied = tidied.and_then(|()| remove_what_no_backup_has(to, &left_out));
    }
    let bytes = manifest.files.iter().map(|kept| kept.bytes).sum();
    Ok(Taken {
        folder: whole,
        files: manifest.files.len() as u64,
        bytes,
        copied,
        missing: manifest.missing,
        tidied,
    })
}

/// What the rows say is there.
struct Rows {
    /// How much of an upload under way is proven, where that is known.
    uploads: Vec<(FileOf, u64, Option<u64>)>,
    jobs: BTreeSet<FileOf>,
    parts: Vec<(FileOf, Vec<Part>)>,
    originals: BTreeMap<FileOf, String>,
    /// Places of logos.
    logos: Vec<String>,
}

struct Taking<'a> {
    data: &'a Path,
    to: &'a Path,
    folder: &'a Path,
    /// What the newest backup holds, by its place.
    before: BTreeMap<String, Kept>,
    files: Vec<Kept>,
    missing: Vec<String>,
    copied: u64,
}

impl Taking<'_> {
    async fn rows(&mut self, database: &Path) -> Result<Rows> {
        let copy = self.folder.join(DATABASE);
        let store = Store::open_as_it_is(&file_url(database)).await?;
        let done = store.copy_rows_to(&copy).await;
        store.close().await;
        done?;
        let store = Store::open_as_it_is(&file_url(&copy)).await?;
        let rows = read_rows(&store).await;
        store.close().await;
        rows
    }

    async fn arriving(
        &mut self,
        intake: &Folder,
        rows: &Rows,
        lengths: &BTreeMap<FileOf, u64>,
    ) -> Result<()> {
        for (of, bytes, unproven_from) in &rows.uploads {
            let here = lengths.get(of).copied().unwrap_or(0);
            let most = unproven_from.map_or(here, |from| from.min(here));
            if most > 0 && self.arrived(intake, *of, most).await? {
                continue;
            }
            // It was finished and prepared since the rows were looked at: what they say is still arriving is there.
            let original = self.data.join("blobs").join(Blobs::path_of(*of, Part::Original));
            if fs::metadata(&original).is_ok_and(|meta| meta.len() == *bytes) {
                self.take_arriving(*of, &original, *bytes).await?;
            }
        }
        for of in &rows.jobs {
            self.arrived(intake, *of, u64::MAX).await?;
        }
        Ok(())
    }

    /// Whether there is such a file among the arriving ones.
    async fn arrived(&mut self, intake: &Folder, of: FileOf, most: u64) -> Result<bool> {
        match self.take_arriving(of, &intake.file(of), most).await {
            Ok(()) => Ok(true),
            Err(BackupError::File(_, error)) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn take_arriving(&mut self, of: FileOf, from: &Path, most: u64) -> Result<()> {
        let path = format!("uploads/{}/{}", of.practice, of.attachment);
        let to = self.folder.join(&path);
        let hashed = hashed::copy(from, &to, most).await.map_err(at(from))?;
        self.copied += hashed.bytes;
        self.files.push(Kept { path, bytes: hashed.bytes, sha256: hashed.sha256, modified: modified(from) });
        Ok(())
    }

    async fn blobs(&mut self, rows: &Rows) -> Result<()> {
        let folder = self.data.join("blobs");
        let mut wanted: BTreeSet<String> = rows
            .parts
            .iter()
            .flat_map(|(of, parts)| parts.iter().map(|part| Blobs::path_of(*of, *part)))
            .chain(rows.logos.iter().cloned())
            .collect();
        let mut found: Vec<Listed> = Vec::new();
        if folder.is_dir() {
            let mut list = Blobs::in_folder(&folder)?.list();
            while let Some(blob) = list.try_next().await? {
                // What is an attachment's is wanted by its row or its job; what is anything else's always.
                let ours = match Blobs::read_path(&blob.path) {
                    Some((of, _)) => rows.jobs.contains(&of) || wanted.contains(&blob.path),
                    None => !Blobs::is_aside(&blob.path),
                };
                if ours {
                    found.push(blob);
                }
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let bytes = found.iter().map(|blob| blob.bytes).sum();
        let mut progress = Progress::begin("backing up", found.len() as u64, bytes);
        for blob in found {
            wanted.remove(&blob.path);
            let bytes = blob.bytes;
            self.blob(&folder, blob, rows).await?;
            progress.file(bytes);
        }
        self.missing.extend(wanted.into_iter().map(|path| format!("blobs/{path}")));
        Ok(())
    }

    async fn blob(&mut self, folder: &Path, blob: Listed, rows: &Rows) -> Result<()> {
        let path = format!("blobs/{}", blob.path);
        if let Some(kept) = self.before.get(&path)
            && (kept.bytes, kept.modified) == (blob.bytes, blob.modified.0)
            && fs::metadata(kept.place(self.to, self.folder)).is_ok_and(|meta| meta.len() == kept.bytes)
        {
            self.files.push(kept.clone());
            return Ok(());
        }
        let (from, part) = (folder.join(&blob.path), part_of(&self.to.join(&path)));
        let hashed = match hashed::copy(&from, &part, u64::MAX).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.missing.push(path);
                return Ok(());
            }
            done => done.map_err(at(&from))?,
        };
        if let Some((of, Part::Original)) = Blobs::read_path(&blob.path)
            && rows.originals.get(&of).is_some_and(|right| *right != hashed.sha256)
        {
            self.missing.push(format!("{path} (it is not what was sent)"));
        }
        self.copied += hashed.bytes;
        let kept = Kept { path, bytes: hashed.bytes, sha256: hashed.sha256, modified: blob.modified.0 };
        let place = kept.place(self.to, self.folder);
        fs::rename(&part, &place).map_err(at(&place))?;
        if let Some(folder) = place.parent() {
            flush_folder(folder).map_err(at(folder))?;
        }
        self.files.push(kept);
        Ok(())
    }

    /// What is restored is the same node: the leases that it held are its own.
    async fn node(&mut self, now: Millis) -> Result<()> {
        let (from, to) = (self.data.join(NODE), self.folder.join(NODE));
        if from.is_file() {
            fs::copy(&from, &to).map_err(at(&to))?;
            self.put_down(NODE, &to, now).await?;
        }
        Ok(())
    }

    async fn put_down(&mut self, path: &str, file: &Path, now: Millis) -> Result<()> {
        fs::File::open(file).and_then(|file| file.sync_all()).map_err(at(file))?;
        let hashed = hashed::hash(file).await.map_err(at(file))?;
        self.copied += hashed.bytes;
        self.files.push(Kept {
            path: path.into(),
            bytes: hashed.bytes,
            sha256: hashed.sha256,
            modified: now.0,
        });
        Ok(())
    }
}

async fn read_rows(store: &Store) -> Result<Rows> {
    if let Some(words) = store.damage().await? {
        return Err(BackupError::Damaged(words));
    }
    let bytes = |number: i64| u64::try_from(number).unwrap_or(0);
    let (uploads, logos) = (store.uploads().await?, store.logos().await?);
    Ok(Rows {
        uploads: uploads
            .iter()
            .map(|upload| (upload.file_of(), bytes(upload.bytes), upload.unproven_from.map(bytes)))
            .collect(),
        jobs: store.files_with_jobs().await?.into_iter().collect(),
        parts: store.kept_parts().await?.into_iter().map(|(of, _, parts)| (of, parts)).collect(),
        originals: store.original_hashes().await?.into_iter().collect(),
        logos: logos.iter().map(|(practice, logo)| Blobs::path_of_logo(*practice, &logo.sha256)).collect(),
    })
}

fn name_of(now: Millis) -> String {
    let time = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    time.strftime(NAME).to_string()
}

fn modified(file: &Path) -> i64 {
    let since = fs::metadata(file)
        .and_then(|meta| meta.modified())
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let path = folder.join(MANIFEST);
    let file = fs::File::create(&path).map_err(at(&path))?;
    let mut writer = std::io::BufWriter::new(file);
    serde_json::to_writer(&mut writer, manifest).map_err(|error| at(&path)(error.into()))?;
    let file = writer.into_inner().map_err(|error| at(&path)(error.into_error()))?;
    file.sync_all().map_err(at(&path))?;
    flush_folder(folder).map_err(at(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::is_named_like_one;

    #[test]
    fn names_are_times_and_sort_by_them() {
        assert_eq!(name_of(Millis(1_795_345_200_123)), "2026-11-22T11-00-00-123Z");
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join(name_of(Millis(999))), place.path().join("letters"));
        for folder in [&one, &other] {
            assert!(!is_named_like_one(folder));
            fs::create_dir(folder).unwrap();
        }
        assert!(is_named_like_one(&one) && !is_named_like_one(&other));
        assert!(name_of(Millis(999)) < name_of(Millis(1_000)));
    }
}
