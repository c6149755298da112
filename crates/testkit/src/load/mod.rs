//! Load on a server that is running: what very many devices do at once, and what came of it, as JSON. `script/bench
//! server` is made of it.
//!
//! **Invariant:** everything goes over HTTP, with sessions that were opened as devices open them. **Invariant:** the load
//! does not wait for the server: what is due is sent when it is due, and its time counts from then.

mod clip;
mod fill;
mod heard;
mod live;
mod people;
mod spread;
mod sync;
mod uploads;
mod usage;

use std::{future::Future, path::PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;
use tokio::task::JoinSet;

use self::usage::Watched;

/// What is done to the server.
#[derive(Subcommand)]
pub enum Load {
    /// Makes practices, each with a staff member and clients that have opened their links, and writes their sessions down.
    People(people::Wanted),
    /// Fills the first practice with conversations, as fast as the server takes them.
    Fill(fill::Wanted),
    /// Listens with many devices, writes messages at a fixed rate, and says how late each listener heard of each.
    Live(live::Wanted),
    /// Sends files by tus, several at once.
    Uploads(uploads::Wanted),
    /// Sends a clip and waits until it is prepared.
    Clip(clip::Wanted),
    /// Reads everything there is in the first practice, as a new device does.
    Sync(sync::Wanted),
}

/// What every kind of load is told.
#[derive(Args)]
pub struct Target {
    /// Address of the server.
    #[arg(long)]
    url: String,
    /// The file that `people` wrote.
    #[arg(long)]
    people: PathBuf,
    /// NAME=PID: a process that, with all below it, is asked what it used.
    #[arg(long = "watch", value_name = "NAME=PID")]
    watched: Vec<Watched>,
}

impl Load {
    /// Does it. Answers what was seen.
    ///
    /// # Errors
    /// When the server does not do what it is asked. What is measured, such as writes that fail, is no error.
    pub async fn run(self) -> Result<Value> {
        raise_open_files();
        match self {
            Self::People(wanted) => people::make(wanted).await,
            Self::Fill(wanted) => fill::fill(wanted).await,
            Self::Live(wanted) => live::listen(wanted).await,
            Self::Uploads(wanted) => uploads::send(wanted).await,
            Self::Clip(wanted) => clip::prepare(wanted).await,
            Self::Sync(wanted) => sync::read(wanted).await,
        }
    }
}

/// As many open files as this process may have: each listener is one.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Does something with each of them, so many at once.
async fn at_once<T, R, F>(
    many: usize,
    all: impl IntoIterator<Item = T>,
    each: impl Fn(T) -> F,
) -> Result<Vec<R>>
where
    R: Send + 'static,
    F: Future<Output = Result<R>> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    for one in all {
        if running.len() >= many.max(1)
            && let Some(ended) = running.join_next().await
        {
            done.push(ended??);
        }
        running.spawn(each(one));
    }
    while let Some(ended) = running.join_next().await {
        done.push(ended??);
    }
    Ok(done)
}
