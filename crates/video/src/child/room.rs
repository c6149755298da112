//! The frame socket: windows ask for frames, one thread decodes and answers.
//!
//! Every connection has a reading thread that overwrites the one target; the decoding thread takes the newest,
//! looks between pictures whether there is a newer one, and sends what it has.
//!
//! **Invariant:** there is never a queue. A target that was overwritten is never answered exactly, and whatever
//! is sent carries the generation of the target it was decoded for.

mod target;

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use limpet_wire::frames::{ClipIndex, FrameEvent, FrameRequest};
use tungstenite::{Message, WebSocket, protocol::Role};

use super::door::{Door, config};
use crate::{
    VideoError,
    engine::{Engine, View, Viewer},
};
use target::{Slot, Target, Window};

/// Connections at one time. A window needs one, and another while it reconnects.
const MOST_WINDOWS: usize = 8;

/// Opens the door: starts the threads and returns.
pub fn open(door: Door, clip: ClipIndex, engine: Engine<View>, viewer: Viewer) -> io::Result<()> {
    let slot = Arc::new(Slot::default());
    let targets = Arc::clone(&slot);
    thread::Builder::new()
        .name("frames".into())
        .spawn(move || Hand { engine, viewer, slot: targets }.show_all())?;
    let (door, clip, inside) = (Arc::new(door), Arc::new(clip), Arc::new(AtomicUsize::new(0)));
    thread::Builder::new().name("door".into()).spawn(move || {
        while let Ok(stream) = door.knock() {
            if inside.fetch_add(1, Ordering::AcqRel) >= MOST_WINDOWS {
                inside.fetch_sub(1, Ordering::AcqRel);
                continue;
            }
            let (door, clip, slot) = (Arc::clone(&door), Arc::clone(&clip), Arc::clone(&slot));
            let inside_now = Arc::clone(&inside);
            let visit = move || {
                if let Some(socket) = door.admit(stream) {
                    listen(socket, &clip, &slot);
                }
                inside_now.fetch_sub(1, Ordering::AcqRel);
            };
            if thread::Builder::new().name("window".into()).spawn(visit).is_err() {
                inside.fetch_sub(1, Ordering::AcqRel);
            }
        }
    })?;
    Ok(())
}

/// Serves one window until it goes.
fn listen(socket: WebSocket<TcpStream>, clip: &ClipIndex, slot: &Slot) {
    let Ok(ears) = socket.get_ref().try_clone() else { return };
    let window = Window::new(socket);
    if !window.say(&FrameEvent::Ready { clip: clip.clone() }) {
        return;
    }
    // Reads on its own copy of the stream and never writes: pictures must not be cut in two by a pong.
    let mut ears = WebSocket::from_raw_socket(Ears(ears), Role::Server, Some(config()));
    loop {
        match ears.read() {
            Ok(Message::Text(text)) => match serde_json::from_str(&text) {
                Ok(FrameRequest::Show { generation, frame, max_width, max_height, near_first }) => {
                    let window = window.clone();
                    slot.put(Target { window, generation, frame, max_width, max_height, near_first });
                }
                Err(error) => {
                    tracing::warn!(%error, "A window asked for something unknown");
                    break;
                }
            },
            Ok(Message::Close(_)) | Err(_) => break,
            Ok(_) => {}
        }
    }
    window.close();
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

/// The decoding thread.
struct Hand {
    engine: Engine<View>,
    viewer: Viewer,
    slot: Arc<Slot>,
}

impl Hand {
    fn show_all(mut self) {
        loop {
            let target = self.slot.take();
            self.show(&target);
        }
    }

    fn show(&mut self, target: &Target) {
        self.viewer.fit(target.max_width, target.max_height);
        let kind = crate::engine::Keep::kind(&self.viewer);
        if let Some(view) = self.engine.cached(target.frame, kind) {
            target.send(&view, true);
            return;
        }
        let mut near = None;
        if target.near_first
            && let Some((frame, view)) = self.engine.nearest(target.frame, kind)
        {
            target.send(&view, false);
            near = Some(frame.abs_diff(target.frame));
        }
        let slot = Arc::clone(&self.slot);
        let mut first = true;
        // The key frame comes long before the frame asked for; it helps when nothing nearer was there.
        let mut passing = |frame: u32, view: &Arc<View>| {
            let distance = frame.abs_diff(target.frame);
            if std::mem::take(&mut first) && target.near_first && near.is_none_or(|near| distance < near) {
                target.send(view, false);
            }
        };
        let superseded = || slot.has_newer();
        match self.engine.frame_at(target.frame, &mut self.viewer, &superseded, &mut passing) {
            Ok(view) => target.send(&view, true),
            Err(VideoError::Superseded) => {}
            Err(error) => target.fail(error),
        }
    }
}
