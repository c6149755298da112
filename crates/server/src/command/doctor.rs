//! `limpet-server doctor`: whether every file is there and no other is.

use anyhow::bail;
use clap::Args;

use super::{Place, say};
use crate::{
    blobs::Blobs,
    clock::Clock,
    doctor,
    serve::{keeper, node},
    store::{Store, file_url},
};

/// What `--data` is to whoever looks.
const DATA: &str = "Folder that holds the database, the uploads and the blobs: one that is there. Not needed with --database \
                    and --blobs";

#[derive(Args)]
#[command(mut_arg("data", |data| data.help(DATA)))]
pub(super) struct Doctor {
    #[command(flatten)]
    place: Place,
    /// Move files that no attachment has to blobs/aside/, from where you may remove them, and have the server make
    /// again what can be made from an original.
    #[arg(long)]
    repair: bool,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        look_after(&self.place, self.repair).await
    }
}

/// Opens only what is there: an empty database beside full folders would make everything in them nobody's.
async fn look_after(place: &Place, repair: bool) -> anyhow::Result<()> {
    let url = if let Some(url) = &place.database {
        url.clone()
    } else {
        let folder = place.folder()?;
        let file = folder.join("limpet.db");
        if !file.is_file() {
            bail!("there is no database in {}; say --database if the server has another", folder.display());
        }
        file_url(&file)
    };
    let blobs = if let Some(bucket) = place.bucket() {
        Blobs::in_bucket(&bucket)?
    } else {
        let folder = place.folder()?.join("blobs");
        if !folder.is_dir() {
            // Of a database elsewhere the files may be elsewhere, too.
            if place.database.is_some() {
                bail!("there is no folder {}; say --blobs if the files are in a bucket", folder.display());
            }
            // An embedded installation that never had a file.
            std::fs::create_dir(&folder)?;
        }
        Blobs::in_folder(&folder)?
    };
    let store = Store::open_as_it_is(&url).await?;
    let done = async {
        examine(&store, &blobs, repair).await?;
        if repair {
            // Everything was found here: from now on it is here that files are.
            let node = if place.blobs.is_some() { String::new() } else { node(place.folder()?)? };
            store.files_are_with(keeper(store.engine(), place.blobs.is_some(), &node)).await?;
        }
        Ok(())
    };
    let done = done.await;
    store.close().await;
    done
}

async fn examine(store: &Store, blobs: &Blobs, repair: bool) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let found = doctor::examine(store, blobs, now).await?;
    for finding in &found {
        say(&finding.to_string())?;
    }
    let count = found.len();
    let left = if repair { doctor::mend(store, blobs, found, now).await? } else { found };
    match (count, left.len()) {
        (0, _) => say("all is well"),
        (_, 0) => say("mended; what has to be made again is made while the server runs"),
        (_, 1) if repair => bail!("1 of these cannot be mended"),
        (_, left) if repair => bail!("{left} of these cannot be mended"),
        _ => bail!("not all is well; with --repair what can be is mended"),
    }
}
