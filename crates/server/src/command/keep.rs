//! Keeping what there is: backup, restore, and moving into something larger.
//!
//! Ctrl-C stops any of them, and leaves nothing that looks whole.

use std::{num::NonZeroUsize, path::PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;

use super::{Place, asked_to_stop, say, with_store};
use crate::{
    backup::{Checked, Damage, Harm, Restored, Taken, came_back, check, restore, take},
    blobs::{Blobs, Bucket},
    clock::Clock,
    moving::{Moved, move_in},
    private::make_private,
    progress::{counted, size},
};

#[derive(Subcommand)]
pub enum Keep {
    /// Copy a data folder with its SQLite database into a folder of backups, also while it is served. What an earlier
    /// backup there has is not copied again.
    Backup {
        /// The folder that is served.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The folder of backups; on another disk, if it is to help when this one breaks.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Keep so many backups and remove older ones; by default all are kept.
        #[arg(long, value_name = "N")]
        keep: Option<NonZeroUsize>,
    },
    /// Put a backup into an empty folder, once every file was compared with what was backed up.
    Restore {
        /// A backup, or a folder of backups, of which the newest whole one is taken.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The folder to serve from then on: empty, or not there.
        #[arg(long, value_name = "DIR", required_unless_present = "check")]
        data: Option<PathBuf>,
        /// Restore nothing: only compare every file of the backup, or of all backups in the folder, with what was backed
        /// up, and name those that are not that any more.
        #[arg(long, conflicts_with = "data")]
        check: bool,
    },
    /// Say that a database was put back by other tools, as with pg_restore: devices start over, and nothing is removed
    /// because of its age for a week. All servers have to be stopped. `restore` needs none of this.
    Restored {
        #[command(flatten)]
        place: Place,
    },
    /// Move a data folder with its SQLite database into PostgreSQL and a blob store that nodes share. The server has to be
    /// stopped; the folder is only read. Given again, it goes on where it was broken off.
    Move {
        /// The folder that was served.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The `postgres://` address of an empty database.
        #[arg(long, value_name = "URL", env = "LIMPET_DATABASE", hide_env_values = true)]
        database: String,
        /// An empty blob store.
        #[arg(long, value_name = "PLACE")]
        blobs: String,
    },
}

impl Keep {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            done = self.work() => done,
            () = asked_to_stop()? => bail!("stopped; it was not finished"),
        }
    }

    async fn work(self) -> anyhow::Result<()> {
        let now = Clock::system().now();
        match self {
            Self::Backup { data, to, keep } => {
                backed_up(&take(&data, &to, keep.map(NonZeroUsize::get), now).await?)
            }
            Self::Restore { from, check: true, .. } => checked(&check(&from).await?),
            Self::Restore { from, data, check: false } => {
                let data = data.context("say --data, the folder to restore into")?;
                restored(&restore(&from, &data, now).await?)
            }
            Self::Restored { place } => {
                let folder = if place.database.is_some() { None } else { Some(place.folder()?) };
                with_store(&place, async |store| put_back(came_back(store, folder, now).await?)).await
            }
            Self::Move { data, database, blobs } => {
                moved(&move_in(&data, &database, &open_blobs(&blobs)?, now).await?)
            }
        }
    }
}

fn open_blobs(place: &str) -> anyhow::Result<Blobs> {
    if place.contains("://") {
        return Ok(Blobs::in_bucket(&Bucket::from_environment(place))?);
    }
    make_private(place.as_ref()).with_context(|| format!("cannot use {place}"))?;
    Ok(Blobs::in_folder(place.as_ref())?)
}

fn backed_up(taken: &Taken) -> anyhow::Result<()> {
    let (all, new) = (size(taken.bytes), size(taken.copied));
    let files = counted(taken.files, "file");
    say(&format!("{}: {files}, {all}, {new} of it new", taken.folder.display()))?;
    missing(&taken.missing)?;
    let mut wrong = match taken.missing.len() {
        0 => Vec::new(),
        1 => vec![
            "the backup is whole but for a file that the installation lacks; see `limpet-server doctor`"
                .into(),
        ],
        n => vec![format!(
            "the backup is whole but for {n} files that the installation lacks; see `limpet-server doctor`"
        )],
    };
    wrong.extend(taken.tidied.as_ref().err().map(ToString::to_string));
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join(". And ")) }
}

fn restored(restored: &Restored) -> anyhow::Result<()> {
    let taken = jiff::Timestamp::from_millisecond(restored.taken_at.0).unwrap_or_default();
    say(&format!(
        "restored {} of {taken}: {}, {}",
        restored.backup.display(),
        counted(restored.files, "file"),
        size(restored.bytes)
    ))?;
    missing(&restored.missing)?;
    say("start the server; devices that saw something newer notice it and start over")
}

fn put_back(practices: usize) -> anyhow::Result<()> {
    say(&format!(
        "noted in the audit log of {}; nothing is removed because of its age for a week",
        counted(practices, "practice")
    ))?;
    say("start the servers; devices notice it and start over. One that ran meanwhile has to be started again")
}

fn checked(checked: &Checked) -> anyhow::Result<()> {
    for damage in &checked.damaged {
        say(&damage.to_string())?;
    }
    let (backups, files) = (counted(checked.backups, "backup"), counted(checked.files, "file"));
    let what = format!("{backups}, {files}, {}", size(checked.bytes));
    let found = match checked.damaged.len() {
        0 => return say(&format!("{what}: all as they were backed up")),
        1 => "one is not what was backed up".to_owned(),
        n => format!("{n} are not what was backed up"),
    };
    let newer = |damage: &Damage| damage.harm == Harm::Newer;
    let mut todo = Vec::new();
    if checked.damaged.iter().any(|damage| damage.shared) {
        todo.push("remove what is named in `blobs`, and take another backup: it is copied again");
    }
    if checked.damaged.iter().any(|damage| !damage.shared && !newer(damage)) {
        todo.push("where a backup's own file is named, remove that backup's folder: it cannot be restored");
    }
    if checked.damaged.iter().any(newer) {
        todo.push("check newer backups with the version that took them");
    }
    bail!("{what}: {found}. To do: {}; and mind the disk", todo.join("; "))
}

fn missing(files: &[String]) -> anyhow::Result<()> {
    files.iter().try_for_each(|file| say(&format!("missing when it was backed up: {file}")))
}

fn moved(moved: &Moved) -> anyhow::Result<()> {
    for (table, rows) in &moved.tables {
        say(&format!("{table}: {}, the same there", counted(rows, "row")))?;
    }
    let files = counted(moved.blobs, "file");
    say(&format!("blobs: {files}, {}, the same there", size(moved.bytes)))?;
    match moved.begin_anew {
        0 => {}
        1 => say("1 upload under way begins anew when its device goes on")?,
        many => say(&format!("{many} uploads under way begin anew when their devices go on"))?,
    }
    for finding in &moved.found {
        say(&format!("doctor says: {finding}"))?;
    }
    say("moved; serve with --database and --blobs, and keep the old folder until you have looked")
}
