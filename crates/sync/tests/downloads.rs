//! Downloads in pieces, over connections that break and from servers that are not what they should be.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod faulty;

use std::{
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use faulty::{Faulty, Reply, Seen, bytes, folder};
use limpet_cache::media::{MediaFile, MediaFolder, MediaKind};
use limpet_model::AttachmentId;
use limpet_sync::{
    ServerError,
    http::{Arrived, Download, Wanted},
    plan::next_piece,
};
use sha2::{Digest, Sha256};

const ORIGINAL: MediaKind = MediaKind::Original;
const CHUNK: u64 = 64 * 1024;

fn of(all: &[u8]) -> Wanted {
    Wanted {
        attachment: AttachmentId::new(),
        kind: ORIGINAL,
        length: Some(all.len() as u64),
        sha256: Some(format!("{:x}", Sha256::digest(all))),
    }
}

fn always() -> Arrived {
    Arc::new(|_| true)
}

/// What is missing, from the front.
fn next(download: &Download) -> Option<Range<u64>> {
    match download.filling() {
        Some(filling) => next_piece([], None, |at| filling.gap(at, download.size())),
        None => Some(0..download.size()),
    }
}

async fn whole(faulty: &Faulty, folder: &MediaFolder, wanted: &Wanted) -> Result<MediaFile, ServerError> {
    let mut download = faulty.server().download(folder, wanted.clone()).await?;
    loop {
        if let Some(range) = next(&download) {
            download.piece(range, &always()).await?;
        } else if let Some(file) = download.finish().await? {
            return Ok(file);
        }
    }
}

fn range_of(seen: &Seen) -> Range<usize> {
    let (from, to) = seen.header("range").unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    from.parse().unwrap()..to.parse::<usize>().unwrap() + 1
}

fn asked(faulty: &Faulty) -> Vec<Range<usize>> {
    faulty.seen().iter().map(range_of).collect()
}

/// The answer of a file server to a range.
fn part(all: &[u8], seen: &Seen) -> Reply {
    let range = range_of(seen);
    let range = range.start..range.end.min(all.len());
    if range.is_empty() {
        return Reply::failure(416, limpet_wire::Code::Invalid, "Not so many bytes.");
    }
    let words = format!("bytes {}-{}/{}", range.start, range.end - 1, all.len());
    Reply::new(206).with("content-range", words).with("etag", "\"one\"").body(&all[range])
}

/// What a server answers that has another version now.
type Change = fn(&[u8], &Seen) -> Reply;

/// A file server that breaks the first answers off half way.
fn files(all: Vec<u8>, breaks: usize) -> impl Fn(&Seen) -> Reply + Send + Sync {
    let times = AtomicUsize::new(0);
    move |seen| {
        let half = range_of(seen).len() / 2;
        let reply = part(&all, seen);
        if times.fetch_add(1, Ordering::Relaxed) < breaks { reply.breaking_off(half) } else { reply }
    }
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_and_is_proven() {
    let all = bytes(1_000_000);
    // Also when its length has to be heard from the server.
    for length in [Some(all.len() as u64), None] {
        let (_temp, folder) = folder();
        let wanted = Wanted { length, ..of(&all) };
        let faulty = Faulty::answering(files(all.clone(), 2)).await;
        for _ in 0..2 {
            let error = whole(&faulty, &folder, &wanted).await.err().unwrap();
            assert!(matches!(error, ServerError::NoWay(_)), "{error:?}");
            assert!(!folder.has(wanted.attachment, ORIGINAL));
        }
        assert_eq!(whole(&faulty, &folder, &wanted).await.unwrap().read_all().unwrap(), all);
        let file = folder.read(wanted.attachment, ORIGINAL).unwrap();
        assert_eq!(file.read_all().unwrap(), all);
        let asked: usize = asked(&faulty).into_iter().map(|range| range.len()).sum();
        let again = if length.is_some() { 2 * 256 * 1024 } else { 3 * 256 * 1024 };
        assert!(asked <= all.len() + again, "{asked}");
    }
}

#[tokio::test]
async fn pieces_come_in_the_order_they_are_asked_for_and_make_the_file() {
    let (_temp, folder) = folder();
    let all = bytes(usize::try_from(10 * CHUNK + 7).unwrap());
    let wanted = of(&all);
    let faulty = Faulty::answering(files(all.clone(), 0)).await;
    let mut download = faulty.server().download(&folder, wanted.clone()).await.unwrap();
    let heard = Arc::new(Mutex::new(vec![]));
    let arrived: Arrived = {
        let heard = Arc::clone(&heard);
        Arc::new(move |filling| {
            heard.lock().unwrap().push(filling.bytes_here());
            true
        })
    };
    for from in [9, 3, 4, 0, 7] {
        let gap = download.filling().unwrap().gap(from * CHUNK, 2 * CHUNK).unwrap();
        download.piece(gap, &arrived).await.unwrap();
    }
    let chunk = usize::try_from(CHUNK).unwrap();
    let expected = [
        9 * chunk..all.len(),
        3 * chunk..5 * chunk,
        5 * chunk..7 * chunk,
        0..2 * chunk,
        7 * chunk..9 * chunk,
    ];
    assert_eq!(asked(&faulty), expected);
    assert!(heard.lock().unwrap().is_sorted());
    assert_eq!(heard.lock().unwrap().last(), Some(&(all.len() as u64 - CHUNK)));
    assert!(download.finish().await.unwrap().is_none());
    // What is here is not asked for again by the program that comes after.
    drop(download);
    assert_eq!(whole(&faulty, &folder, &wanted).await.unwrap().read_all().unwrap(), all);
    assert_eq!(asked(&faulty).split_off(5), vec![2 * chunk..3 * chunk]);
}

#[tokio::test]
async fn a_piece_that_nobody_wants_any_more_is_left() {
    let (_temp, folder) = folder();
    let all = bytes(1_000_000);
    let faulty = Faulty::answering(files(all.clone(), 0)).await;
    let mut download = faulty.server().download(&folder, of(&all)).await.unwrap();
    let enough: Arrived = Arc::new(|filling| filling.bytes_here() < 2 * CHUNK);
    download.piece(0..1_000_000, &enough).await.unwrap();
    let here = download.filling().unwrap().bytes_here();
    assert!((2 * CHUNK..all.len() as u64).contains(&here), "{here}");
}

#[tokio::test]
async fn what_is_not_what_was_sent_is_not_kept() {
    let (_temp, folder) = folder();
    let faulty = Faulty::answering(files(bytes(1000), 0)).await;
    let wanted = Wanted { sha256: of(b"something else").sha256, ..of(&bytes(1000)) };
    let error = whole(&faulty, &folder, &wanted).await.err().unwrap();
    assert_eq!(error, ServerError::NotAsSent);
    assert!(!folder.has(wanted.attachment, ORIGINAL));
    assert_eq!(folder.unfinished().unwrap(), vec![]);
}

#[tokio::test]
async fn versions_of_a_file_are_never_put_together() {
    let all = bytes(300_000);
    let changes: [(&str, Change); 5] = [
        ("another tag", |all, seen| {
            let range = range_of(seen);
            let words = format!("bytes {}-{}/{}", range.start, range.end - 1, all.len());
            Reply::new(206).with("content-range", words).with("etag", "\"two\"").body(&all[range])
        }),
        ("longer", |all, seen| part(&[all, all].concat(), seen)),
        ("shorter", |all, seen| part(&all[..1000], seen)),
        ("more than it says", |all, _| {
            let words = format!("bytes {CHUNK}-{}/{}", 2 * CHUNK - 1, all.len());
            Reply::new(206).with("content-range", words).body(all)
        }),
        ("whole and longer", |all, _| Reply::new(200).body([all, b"more"].concat())),
    ];
    for (what, change) in changes {
        let (_temp, folder) = folder();
        let (wanted, body, first) = (of(&all), all.clone(), AtomicUsize::new(0));
        let faulty = Faulty::answering(move |seen| match first.fetch_add(1, Ordering::Relaxed) {
            0 => part(&body, seen),
            _ => change(&body, seen),
        })
        .await;
        let mut download = faulty.server().download(&folder, wanted).await.unwrap();
        download.piece(0..CHUNK, &always()).await.unwrap();
        let error = download.piece(CHUNK..2 * CHUNK, &always()).await.unwrap_err();
        assert_eq!(error, ServerError::NotAsSent, "{what}");
        assert_eq!(folder.unfinished().unwrap(), vec![], "{what}");
    }
}

#[tokio::test]
async fn a_server_without_ranges_sends_everything_and_what_is_here_stays() {
    let (_temp, folder) = folder();
    let all = bytes(500_000);
    let (body, breaks) = (all.clone(), Mutex::new(true));
    let faulty = Faulty::answering(move |_| {
        let reply = Reply::new(200).body(body.clone());
        if std::mem::take(&mut *breaks.lock().unwrap()) { reply.breaking_off(300_000) } else { reply }
    })
    .await;
    let wanted = of(&all);
    let mut download = faulty.server().download(&folder, wanted.clone()).await.unwrap();
    download.piece(3 * CHUNK..5 * CHUNK, &always()).await.unwrap_err();
    assert_eq!(download.filling().unwrap().gap(0, CHUNK), Some(4 * CHUNK..5 * CHUNK));
    drop(download);
    assert_eq!(whole(&faulty, &folder, &wanted).await.unwrap().read_all().unwrap(), all);
    assert_eq!(faulty.seen().len(), 2);
}

#[tokio::test]
async fn a_chunk_that_the_disk_lost_is_fetched_once_more() {
    let (temp, folder) = folder();
    let all = bytes(500_000);
    let wanted = of(&all);
    let faulty = Faulty::answering(files(all.clone(), 0)).await;
    let mut download = faulty.server().download(&folder, wanted.clone()).await.unwrap();
    download.piece(0..500_000, &always()).await.unwrap();
    drop(download);
    let part = std::fs::read_dir(temp.path()).unwrap().next().unwrap().unwrap().path();
    let mut stored = std::fs::read(&part).unwrap();
    stored[200_000..204_096].fill(0);
    std::fs::write(&part, stored).unwrap();
    assert_eq!(whole(&faulty, &folder, &wanted).await.unwrap().read_all().unwrap(), all);
    let chunk = usize::try_from(CHUNK).unwrap();
    assert_eq!(asked(&faulty).split_off(1), vec![3 * chunk..4 * chunk]);
}

#[tokio::test]
async fn an_answer_that_is_no_piece_is_no_way_and_an_empty_file_needs_none() {
    let (_temp, folder) = folder();
    let all = bytes(300_000);
    let faulty =
        Faulty::answering(|_| Reply::new(206).with("content-range", "bytes 0-9/300000").body(bytes(10)))
            .await;
    let mut download = faulty.server().download(&folder, of(&all)).await.unwrap();
    for range in [CHUNK..2 * CHUNK, 0..CHUNK] {
        let error = download.piece(range, &always()).await.unwrap_err();
        assert!(matches!(error, ServerError::NoWay(_)), "{error:?}");
    }
    assert_eq!(download.filling().unwrap().arrived(), []);
    assert!(whole(&faulty, &folder, &of(b"")).await.unwrap().is_empty());
}
