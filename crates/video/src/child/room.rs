//! The frame socket: windows ask for frames, and the newest wish of all is answered.
//!
//! Every connection has a reading thread that overwrites the one target ([`stage`]). What the cache has for it is shown
//! [`at_once`]. The [`hand`] decodes it, looks between packets whether there is a newer one, and sends what it has; what
//! becomes of frames that it passes is said by [`ways`], with the [`pace`] of near ones, and a hand that drags to and fro
//! is told by [`sway`]. [`ahead`] decodes what will be wanted next, by [`plan`], and [`scan`] indexes the clip.
//!
//! **Invariant:** there is never a queue. A window is sent no exact picture for a wish older than its newest. Every
//! picture carries the generation it is sent for; a first picture, which nobody asked for, carries 0.

mod ahead;
mod at_once;
mod hand;
mod known;
mod pace;
mod plan;
mod scan;
mod stage;
mod sway;
mod target;
mod ways;

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use limpet_wire::frames::FrameRequest;
use tungstenite::{Message, WebSocket, protocol::Role};

use super::door::{Door, config};
use crate::{ByteSource, VideoError};
use ahead::Forerunner;
use at_once::AtOnce;
use hand::Hand;
pub use known::Known;
pub use stage::Stage;
use target::{Target, Window};

/// Connections at one time. A window needs one, and another while it reconnects.
const MOST_WINDOWS: usize = 8;

/// Opens the door, and the clip behind it: starts the threads and returns. `memory` is how many bytes of pictures are
/// kept.
pub fn open(
    door: Door,
    source: &Arc<dyn ByteSource>,
    track: Option<usize>,
    memory: usize,
) -> io::Result<Arc<Stage>> {
    let stage = Arc::new(Stage::new(Arc::clone(source), track, memory));
    scan::start(Arc::clone(&stage), Arc::clone(source))?;
    spawn("hand", &stage, source, Hand::run)?;
    spawn("ahead", &stage, source, Forerunner::run)?;
    spawn("at once", &stage, source, |stage, _| match AtOnce::run(stage) {})?;
    let (door, inside, within) = (Arc::new(door), Arc::new(AtomicUsize::new(0)), Arc::clone(&stage));
    thread::Builder::new().name("door".into()).spawn(move || {
        while let Ok(stream) = door.knock() {
            if inside.fetch_add(1, Ordering::AcqRel) >= MOST_WINDOWS {
                inside.fetch_sub(1, Ordering::AcqRel);
                continue;
            }
            let (door, stage, inside_now) = (Arc::clone(&door), Arc::clone(&within), Arc::clone(&inside));
            let visit = move || {
                if let Some(socket) = door.admit(stream) {
                    listen(socket, &stage);
                }
                inside_now.fetch_sub(1, Ordering::AcqRel);
            };
            if thread::Builder::new().name("window".into()).spawn(visit).is_err() {
                inside.fetch_sub(1, Ordering::AcqRel);
            }
        }
    })?;
    Ok(stage)
}

type Run = fn(Arc<Stage>, &Arc<dyn ByteSource>) -> Result<(), VideoError>;

fn spawn(name: &str, stage: &Arc<Stage>, source: &Arc<dyn ByteSource>, run: Run) -> io::Result<()> {
    let (stage, source) = (Arc::clone(stage), Arc::clone(source));
    let tell = Arc::clone(&stage);
    thread::Builder::new().name(name.into()).spawn(move || {
        if let Err(error) = run(stage, &source) {
            tell.fail(error);
        }
    })?;
    Ok(())
}

/// Serves one window until it goes.
fn listen(socket: WebSocket<TcpStream>, stage: &Stage) {
    let Ok(ears) = socket.get_ref().try_clone() else { return };
    let window = Window::new(socket);
    if !stage.enter(&window) {
        return stage.leave(&window);
    }
    // Reads on its own copy of the stream and never writes: pictures must not be cut in two by a pong.
    let mut ears = WebSocket::from_raw_socket(Ears(ears), Role::Server, Some(config()));
    loop {
        match ears.read() {
            Ok(Message::Text(text)) => match serde_json::from_str(&text) {
                Ok(request) => hear(&request, &window, stage),
                Err(error) => {
                    tracing::warn!(%error, "A window asked for something unknown");
                    break;
                }
            },
            Ok(Message::Close(_)) | Err(_) => break,
            Ok(_) => {}
        }
    }
    stage.leave(&window);
    window.close();
}

fn hear(request: &FrameRequest, window: &Window, stage: &Stage) {
    let target = |generation, frame, (max_width, max_height), near_first| {
        let window = window.clone();
        Target { window, generation, frame, max_width, max_height, near_first }
    };
    match *request {
        FrameRequest::Show { generation, frame, max_width, max_height, near_first } => {
            window.asks(generation);
            stage.want(target(generation, frame, (max_width, max_height), near_first));
        }
        FrameRequest::See { generation, frame, max_width, max_height } => {
            window.sees(generation);
            stage.want(target(generation, frame, (max_width, max_height), false));
        }
        FrameRequest::Bring { generation, frame, max_width, max_height } => {
            stage.bring(target(generation, frame, (max_width, max_height), false));
        }
    }
}

/// The reading half of a connection.
struct Ears(TcpStream);

impl Read for Ears {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Ears {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
