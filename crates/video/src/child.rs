//! The decoder child: the program around the decoder.
//!
//! Order of events: bind the frame socket, prepare FFmpeg, put on the [`sandbox`], and only then greet the parent,
//! start threads and touch the clip. Everything the child needs from the system it has by then, apart from memory
//! and threads.
//!
//! **Invariant:** standard input and output are the pipes to the parent and nothing else is ever written there.
//! When the parent goes, the child goes.

mod booth;
mod door;
mod facts;
mod parent;
mod photo;
mod room;
pub mod sandbox;
mod sound;
pub mod usage;
pub mod watch;
mod work;

use std::{io, process, sync::Arc};

use crate::{
    VideoError,
    clip::HIDDEN_ARGUMENT,
    media::{limits, raw},
};
use door::Door;
use parent::Parent;

/// Runs the decoder and never returns when this program was started as a decoder child; returns at once
/// otherwise. First line of every `main` whose program opens clips.
pub fn run_child_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == HIDDEN_ARGUMENT) {
        let code = match run() {
            Ok(()) => 0,
            Err(error) => {
                tracing::error!(%error, "A decoder could not start");
                1
            }
        };
        process::exit(code);
    }
}

fn run() -> io::Result<()> {
    // A panic anywhere ends the whole child: the parent then starts a new one, which half a child would prevent.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        process::exit(101);
    }));
    let logs = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt().with_env_filter(logs).with_writer(io::stderr).init();
    let door = Door::bind()?;
    raw::limit_allocations(limits::ALLOCATION);
    usage::prepare();
    sandbox::enter()?;
    let (parent, asks) = Parent::greet()?;
    watch::start()?;
    work::answer_all(&Arc::new(parent), &asks, door);
    Ok(())
}

/// What a broken pipe to the parent means.
fn gone(_: io::Error) -> VideoError {
    VideoError::ChildEnded
}
