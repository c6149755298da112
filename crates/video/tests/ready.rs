//! A decoder that is ready is the one in which the next clip opens.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    collections::BTreeSet,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use common::generated;
use limpet_testkit::clips::Kind;
use limpet_video::{MEMORY, PlainFile, Review, prepare};

/// Decoders of this process that run.
fn decoders() -> BTreeSet<String> {
    let parent = format!("PPid:\t{}\n", std::process::id());
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|it| it.unwrap().file_name().into_string().ok());
    let runs_here = |pid: &String| {
        // It may end while it is looked at.
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let program = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        status.contains(&parent) && !status.contains("State:\tZ") && program.contains("--limpet-decoder")
    };
    processes.filter(runs_here).collect()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn kill(decoders: &BTreeSet<String>) {
    assert!(Command::new("kill").arg("-9").args(decoders).status().unwrap().success());
}

fn open() -> Review {
    let file = PlainFile::open(generated(Kind::Demo)).unwrap();
    let review = Review::open(Arc::new(file), MEMORY).unwrap();
    assert!(review.clip().unwrap().probe().frames > 0);
    review
}

#[test]
fn clips_open_in_the_decoder_that_is_ready_and_another_is_made_ready_after_it() {
    assert!(decoders().is_empty());
    drop(open());
    assert!(decoders().is_empty(), "nobody has asked for one to be ready");

    prepare().unwrap();
    let ready = decoders();
    assert_eq!(ready.len(), 1);
    prepare().unwrap();
    assert_eq!(decoders(), ready);
    let review = open();
    until("another is made ready", || decoders().len() == 2);
    let next = &decoders() - &ready;

    kill(&ready);
    until("the clip was opened in the one that was ready", || review.has_ended());

    // One that dies while it waits costs nobody a clip.
    kill(&next);
    until("it is gone", || decoders().is_disjoint(&next));
    drop(open());
}
