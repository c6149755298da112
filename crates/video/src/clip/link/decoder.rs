//! The process of a decoder: started, heard to say hello, and one of them kept ready, so that nobody who opens a clip
//! waits for it.
//!
//! **Invariant:** a decoder that is ready has been asked nothing and has read nothing. Each is taken once, and is never
//! given back.

use std::{
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, mpsc::sync_channel},
    thread,
    time::Duration,
};

use super::lock;
use crate::{
    VideoError,
    clip::program::{HIDDEN_ARGUMENT, program},
    pipe::{self, GREETING, Kind},
};

/// How long a program may take to say that it is a decoder.
const START: Duration = Duration::from_secs(30);
/// Bytes on their way to a child. As much as Linux gives to anybody.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;
/// What a child may know of our surroundings: where libraries are, and how much to log.
const ENVIRONMENT: [&str; 8] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "SYSTEMROOT",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "LLVM_PROFILE_FILE",
];
/// The next decoder is made ready so long after one was taken: a clip that opens needs the computer more.
const LATER: Duration = Duration::from_secs(3);

/// A process that has said hello, and the pipes to it.
#[derive(Debug)]
pub struct Decoder {
    pub child: Child,
    pub to_child: ChildStdin,
    pub from_child: ChildStdout,
}

static READY: Mutex<Ready> = Mutex::new(Ready { is_wanted: false, decoder: None });

struct Ready {
    /// Whether one is to be there at all times.
    is_wanted: bool,
    decoder: Option<Decoder>,
}

/// Has a decoder ready for [`Review::open`](crate::Review::open) from now on, and returns when there is one. For
/// programs in which people open clips.
///
/// # Errors
/// `Internal` when it cannot be started. Opening a clip tries again.
pub fn prepare() -> Result<(), VideoError> {
    {
        let mut ready = lock(&READY);
        ready.is_wanted = true;
        ready.decoder = ready.decoder.take().and_then(Decoder::if_alive);
        if ready.decoder.is_some() {
            return Ok(());
        }
    }
    // Whoever opens a clip meanwhile does not wait for this one.
    let decoder = Decoder::start()?;
    let mut ready = lock(&READY);
    match ready.decoder {
        Some(_) => decoder.end(),
        None => ready.decoder = Some(decoder),
    }
    Ok(())
}

/// The one that is ready, if one is; another is made ready after it.
pub fn take_ready() -> Option<Decoder> {
    let mut ready = lock(&READY);
    if ready.is_wanted {
        prepare_later();
    }
    ready.decoder.take().and_then(Decoder::if_alive)
}

impl Decoder {
    /// Starts one.
    pub fn start() -> Result<Self, VideoError> {
        let mut command = Command::new(program().map_err(VideoError::internal)?);
        command.arg(HIDDEN_ARGUMENT).env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        without_a_window(&mut command);
        let mut child = command.spawn().map_err(VideoError::internal)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to_child, mut from_child) =
            pipes.ok_or_else(|| VideoError::internal("the child has no pipes"))?;
        widen(&to_child);
        let (hello, greeted) = sync_channel(1);
        thread::Builder::new()
            .name("clip hello".into())
            .spawn(move || {
                let said = pipe::receive(&mut from_child);
                let greets = matches!(said, Ok(Some((Kind::Hello, greeting))) if greeting == GREETING);
                // Nobody waits any more for one that took too long.
                let _ = hello.send(greets.then_some(from_child));
            })
            .map_err(VideoError::internal)?;
        if let Ok(Some(from_child)) = greeted.recv_timeout(START) {
            return Ok(Self { child, to_child, from_child });
        }
        end(child);
        Err(VideoError::internal("the decoder program did not start as one"))
    }

    fn if_alive(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    fn end(self) {
        end(self.child);
    }
}

fn end(mut child: Child) {
    // Already ended is as good.
    let _ = child.kill();
    let _ = child.wait();
}

fn prepare_later() {
    let later = || {
        thread::sleep(LATER);
        if let Err(error) = prepare() {
            tracing::warn!(%error, "No decoder could be made ready");
        }
    };
    // Without a thread for it the next clip opens as the first of all does.
    let _ = thread::Builder::new().name("clip ready".into()).spawn(later);
}

/// Room for whole ranges of the clip, so that the threads at both ends take fewer turns. A pipe that stays as narrow as
/// it is works as well.
fn widen(pipe: &ChildStdin) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE) {
        tracing::debug!(%error, "The pipe to a decoder stays narrow");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}

#[cfg(windows)]
fn without_a_window(command: &mut Command) {
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
}

#[cfg(not(windows))]
fn without_a_window(_: &mut Command) {}
