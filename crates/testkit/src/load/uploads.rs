//! Files sent by tus, to limpet-server or to any other server of the protocol.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clap::Args;
use futures_util::stream;
use limpet_model::{AttachmentId, AttachmentKind, MessageId};
use limpet_wire::http::{NewAttachment, NewMessage};
use reqwest::{Body, Client as Http, Method, RequestBuilder, Url, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    at_once, fill,
    people::{self, Practice},
    spread::spread,
    usage::{Looking, Watched, cpu_between, used},
};
use crate::clinic::api::{Device, heard};

/// Bytes handed to the connection at once.
const PIECE: usize = 256 * 1024;

/// What is sent, and to whom.
#[derive(Args)]
pub struct Wanted {
    /// Where uploads begin: of limpet-server its address, of another server the whole one.
    #[arg(long)]
    url: Url,
    /// The file that `people` wrote. Without it, it is another server that lets everybody in.
    #[arg(long)]
    people: Option<PathBuf>,
    /// How many files.
    #[arg(long)]
    files: usize,
    /// How large each is.
    #[arg(long)]
    bytes: usize,
    /// How many are sent at once.
    #[arg(long)]
    parallel: usize,
    /// The folder they arrive in: what has arrived is taken out of the files while more of it comes (their lengths stay),
    /// so that it needs no room. Linux only.
    #[arg(long, value_name = "FOLDER")]
    hollow: Option<PathBuf>,
    /// NAME=PID: a process that, with all below it, is asked what it used.
    #[arg(long = "watch", value_name = "NAME=PID")]
    watched: Vec<Watched>,
}

/// Where a file is to go.
struct Parcel {
    create: RequestBuilder,
    /// For the piece that follows, once it is known where it goes.
    append: Box<dyn Fn(Url) -> RequestBuilder + Send>,
}

pub(super) async fn send(wanted: Wanted) -> Result<Value> {
    let http = Http::new();
    let parcels = match &wanted.people {
        Some(people) => announced(&http, &wanted, people::read(people)?).await?,
        None => (0..wanted.files).map(|_| strangers(&http, &wanted)).collect(),
    };
    let piece = Arc::new(Bytes::from((0..=250_u8).cycle().take(PIECE).collect::<Vec<u8>>()));
    let looking = Looking::every(Duration::from_millis(200), wanted.watched.clone());
    let hollowing = wanted.hollow.clone().map(Hollowing::begin);
    let (begun, before) = (Instant::now(), used(&wanted.watched));
    let base = wanted.url.clone();
    let times = at_once(wanted.parallel, parcels, |parcel| {
        let (piece, base) = (piece.clone(), base.clone());
        async move {
            let begun = Instant::now();
            deliver(parcel, &base, &piece, wanted.bytes).await?;
            Ok(begun.elapsed().as_secs_f64() * 1000.0)
        }
    })
    .await?;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), used(&wanted.watched));
    if let Some(hollowing) = hollowing {
        hollowing.end().await?;
    }
    let bytes = wanted.bytes * wanted.files;
    Ok(json!({
        "files": wanted.files,
        "bytes": bytes,
        "parallel": wanted.parallel,
        "seconds": seconds,
        "bytes_per_second": bytes as f64 / seconds,
        "file_ms": spread(times),
        "cpu_s": cpu_between(&before, &after),
        "memory": looking.stop(),
    }))
}

fn tus(request: RequestBuilder) -> RequestBuilder {
    request.header("tus-resumable", "1.0.0")
}

/// Files of a server that lets everybody in.
fn strangers(http: &Http, wanted: &Wanted) -> Parcel {
    let create = tus(http.post(wanted.url.clone())).header("upload-length", wanted.bytes);
    let http = http.clone();
    Parcel { create, append: Box::new(move |url| tus(http.patch(url))) }
}

/// Files of limpet-server, each announced with a message; practices and conversations in turns.
async fn announced(http: &Http, wanted: &Wanted, practices: Vec<Practice>) -> Result<Vec<Parcel>> {
    let url = wanted.url.as_str().trim_end_matches('/').to_owned();
    let bytes = i64::try_from(wanted.bytes)?;
    at_once(8, 0..wanted.files, |number| {
        let (http, url) = (http.clone(), url.clone());
        let practice = practices.get(number % practices.len().max(1)).cloned();
        async move {
            let practice = practice.context("no practice")?;
            let talk = practice.talks.get(number % practice.talks.len().max(1)).context("no conversation")?;
            let phone = Device::with(&http, &url, talk.phone.clone());
            let id = AttachmentId::new();
            let file = NewAttachment {
                id,
                kind: AttachmentKind::Clip,
                name: "IMG_0417.mov".into(),
                mime: "video/quicktime".into(),
                bytes,
                caption: String::new(),
                captured_at: None,
                still_of: None,
            };
            let message = NewMessage { attachments: vec![file], ..fill::message(talk.conversation, number) };
            phone.put(&format!("/v1/messages/{}", MessageId::new()), &message).await?;
            let metadata = format!("attachment {}", BASE64_STANDARD.encode(id.to_string()));
            let create = tus(phone.ask(Method::POST, "/v1/uploads")).header("upload-length", bytes);
            Ok(Parcel {
                create: create.header("upload-metadata", metadata),
                append: Box::new(move |url| tus(phone.ask(Method::PATCH, url.path()))),
            })
        }
    })
    .await
}

async fn deliver(parcel: Parcel, base: &Url, piece: &Bytes, bytes: usize) -> Result<()> {
    let created = heard(parcel.create).await?;
    let place = created.headers().get(header::LOCATION).context("no location")?.to_str()?;
    let whole = stream::iter((0..bytes).step_by(PIECE).map({
        let piece = piece.clone();
        move |at| Ok::<_, io::Error>(piece.slice(..PIECE.min(bytes - at)))
    }));
    let append = (parcel.append)(base.join(place)?)
        .header("upload-offset", 0)
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
        .header(header::CONTENT_LENGTH, bytes)
        .body(Body::wrap_stream(whole));
    let answer = heard(append).await?;
    let offset = answer.headers().get("upload-offset").and_then(|offset| offset.to_str().ok());
    ensure!(offset == Some(&bytes.to_string()), "of {bytes} bytes {offset:?} arrived");
    Ok(())
}

/// Takes what has arrived out of files.
struct Hollowing {
    folder: PathBuf,
    over: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Hollowing {
    fn begin(folder: PathBuf) -> Self {
        let (over, mut ended) = tokio::sync::oneshot::channel();
        let at = folder.clone();
        let task = tokio::task::spawn_blocking(move || {
            while ended.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
                hollow(&at)?;
                std::thread::sleep(Duration::from_millis(200));
            }
            Ok(())
        });
        Self { folder, over, task }
    }

    async fn end(self) -> Result<()> {
        let _ = self.over.send(());
        self.task.await??;
        hollow(&self.folder)
    }
}

fn hollow(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        if found.is_dir() {
            hollow(&entry.path())?;
        } else if entry.path().extension().is_none() && found.blocks() > 0 {
            // What has an extension is what a server writes about a file.
            let file = File::options().write(true).open(entry.path())?;
            punch(&file, found.len())?;
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn punch(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let kept_as_long = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, kept_as_long, 0, length)?)
}

#[cfg(not(target_os = "linux"))]
fn punch(_: &File, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
