//! What a window wants to see, and the window.
//!
//! **Invariant:** a picture goes out only to a window that counts frames as it was counted: while a clip arrives, what
//! becomes known of it may change their numbers. And whoever sends it, none goes out after a newer one was asked for,
//! and after the exact one none but what is brought ahead. A near one is never farther off than the one before.

use std::{
    net::TcpStream,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use limpet_wire::frames::{FrameEvent, FrameHeader, Transfer};
use tungstenite::{Message, WebSocket};

use super::known::Known;
use crate::{VideoError, engine::View, tonemap};

/// The generation of a first picture, which nobody asked for.
const FIRST: u32 = 0;

/// What a window wants to see.
#[derive(Clone)]
pub struct Target {
    pub window: Window,
    pub generation: u32,
    pub frame: u32,
    pub max_width: u32,
    pub max_height: u32,
    pub near_first: bool,
}

impl Target {
    /// Sends a picture for it, unless it is of no more use. False when the window counts frames in another way than
    /// `known`.
    pub fn send(&self, view: &View, exact: bool, known: &Known) -> bool {
        let off = (!exact).then(|| view.header.frame.abs_diff(self.frame));
        self.window.show(view, self.generation, off, Some(known.numbering))
    }

    /// Sends a picture that it may want next.
    pub fn bring(&self, view: &View, known: &Known) {
        self.window.bring(view, self.generation, known.numbering);
    }

    /// Says that its picture has not arrived yet.
    pub fn waits(&self) {
        self.window.say(&FrameEvent::Waiting { generation: self.generation });
    }

    /// Says that there is no picture for it.
    pub fn fail(&self, error: VideoError) {
        self.window.say(&FrameEvent::Failed { generation: self.generation, failure: error.into() });
    }
}

/// The writing half of a connection.
#[derive(Clone)]
pub struct Window {
    line: Arc<Mutex<Option<Line>>>,
    /// The generation asked for last. Apart from the line, which may be busy with a picture.
    asked: Arc<AtomicU32>,
    /// The generation that it showed by itself.
    seen: Arc<AtomicU32>,
}

struct Line {
    socket: WebSocket<TcpStream>,
    /// Colours whose tone table was sent: transfer function and primaries.
    tones: Vec<(u8, u8)>,
    /// How it counts frames, once it was told.
    numbering: Option<u32>,
    /// The generation whose exact picture was sent last.
    answered: u32,
    /// How far off the near picture was that was sent last, and its generation.
    near: (u32, u32),
}

impl Window {
    /// Only this writes to the connection from now on.
    pub fn new(socket: WebSocket<TcpStream>) -> Self {
        let line = Line { socket, tones: Vec::new(), numbering: None, answered: 0, near: (u32::MAX, FIRST) };
        Self { line: Arc::new(Mutex::new(Some(line))), asked: Arc::default(), seen: Arc::default() }
    }

    /// It wants this generation and no older one from now on.
    pub fn asks(&self, generation: u32) {
        self.asked.store(generation, Ordering::Release);
    }

    /// It shows this generation by itself.
    pub fn sees(&self, generation: u32) {
        self.seen.store(generation, Ordering::Release);
        self.asks(generation);
    }

    /// Whether it is the same window.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.line, &other.line)
    }

    /// Sends a picture, and before it what its colours mean where a screen does not show them as they are. `off` says
    /// how many frames a near one is from the one that is wanted, `None` that it is that one. One that was overwritten,
    /// answered exactly or by a nearer one, is dropped without a word. False when the window counts frames in another
    /// way; a first picture, before they are counted, goes to windows that do not.
    pub fn show(&self, view: &View, generation: u32, off: Option<u32>, numbering: Option<u32>) -> bool {
        self.explain(view);
        let mut line = lock(&self.line);
        if line.as_ref().is_some_and(|line| line.numbering != numbering) {
            return false;
        }
        if generation != FIRST {
            let wanted = self.asked.load(Ordering::Acquire) == generation
                && self.seen.load(Ordering::Acquire) != generation;
            let Some(line) = line.as_mut().filter(|line| wanted && line.answered != generation) else {
                return true;
            };
            match off {
                None => line.answered = generation,
                Some(off) if line.near.1 == generation && line.near.0 < off => return true,
                Some(off) => line.near = (off, generation),
            }
        }
        send(&mut line, Message::binary(view.message(generation, off.is_none())));
        true
    }

    /// Sends a picture that is not wanted yet, unless something else was asked for meanwhile or the window counts frames
    /// in another way.
    pub fn bring(&self, view: &View, generation: u32, numbering: u32) {
        self.explain(view);
        let mut line = lock(&self.line);
        let counts = line.as_ref().is_some_and(|line| line.numbering == Some(numbering));
        if counts && self.asked.load(Ordering::Acquire) == generation {
            send(&mut line, Message::binary(view.ahead(generation)));
        }
    }

    /// What the colours of a picture mean, once, where a screen does not show them as they are.
    fn explain(&self, view: &View) {
        let FrameHeader { transfer, primaries, .. } = view.header;
        let colours = (transfer as u8, primaries);
        let told = |line: &Line| is_ordinary(colours) || line.tones.contains(&colours);
        if lock(&self.line).as_ref().is_none_or(told) {
            return;
        }
        let table = BASE64_STANDARD.encode(tonemap::Table::new(transfer, primaries).bytes());
        self.say(&FrameEvent::Tones { transfer: transfer as u8, primaries, table });
        if let Some(line) = &mut *lock(&self.line) {
            line.tones.push(colours);
        }
    }

    /// Tells it what is known of the clip, and so how frames are counted. False when it is gone.
    pub fn introduce(&self, known: &Known) -> bool {
        let ready = FrameEvent::Ready { clip: known.description.clone(), whole: known.whole };
        let Ok(json) = serde_json::to_string(&ready) else { return false };
        // No picture goes out in between.
        let mut line = lock(&self.line);
        count(&mut line, known.numbering);
        let told = send(&mut line, Message::text(json));
        drop(line);
        told && (known.whole || self.say(&FrameEvent::Arrived { runs: known.index.arrived() }))
    }

    /// Sends an event; false when the window is gone.
    pub fn say(&self, event: &FrameEvent) -> bool {
        serde_json::to_string(event).is_ok_and(|json| send(&mut lock(&self.line), Message::text(json)))
    }

    /// Says goodbye and forgets the connection.
    pub fn close(&self) {
        if let Some(Line { mut socket, .. }) = lock(&self.line).take() {
            // It may be gone already.
            let _ = socket.close(None);
            let _ = socket.flush();
            let _ = socket.get_ref().shutdown(std::net::Shutdown::Both);
        }
    }
}

/// It counts frames in this way from now on.
fn count(line: &mut Option<Line>, numbering: u32) {
    if let Some(line) = line {
        line.numbering = Some(numbering);
    }
}

fn send(line: &mut Option<Line>, message: Message) -> bool {
    let sent = line.as_mut().is_some_and(|line| line.socket.send(message).is_ok());
    if !sent && let Some(lost) = line.take() {
        // Wakes the reading thread.
        let _ = lost.socket.get_ref().shutdown(std::net::Shutdown::Both);
    }
    sent
}

fn is_ordinary((transfer, primaries): (u8, u8)) -> bool {
    transfer == Transfer::Sdr as u8 && primaries == tonemap::BT709
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use limpet_wire::frames::Matrix;
    use tungstenite::protocol::Role;

    use super::*;

    fn view(transfer: Transfer) -> View {
        let header = FrameHeader {
            generation: 0,
            frame: 7,
            pts: 0,
            width: 2,
            height: 2,
            stride_y: 2,
            stride_uv: 1,
            exact: true,
            hurt: false,
            ahead: false,
            matrix: Matrix::Bt709,
            full_range: false,
            transfer,
            rotation: 0,
            reflected: false,
            primaries: tonemap::BT709,
        };
        View { header, planes: vec![0; 6] }
    }

    #[test]
    fn nothing_goes_out_after_what_is_newer_or_exact() {
        let (window, mut next) = connected();
        count(&mut lock(&window.line), 1);
        let show = |generation, off| window.show(&view(Transfer::Sdr), generation, off, Some(1));
        window.asks(1);
        assert!(show(1, Some(5)) && show(1, None));
        assert!(
            show(1, Some(2)) && show(1, None),
            "the exact one is out: dropped, and no reason to ask again"
        );
        window.asks(2);
        window.asks(3);
        assert!(show(2, Some(5)) && show(2, None), "overwritten");
        assert!(show(3, None));
        let came = [next(), next(), next()];
        assert_eq!(came, [Some((1, false)), Some((1, true)), Some((3, true))]);
    }

    #[test]
    fn a_near_picture_never_takes_a_nearer_one_away() {
        let (window, mut next) = connected();
        count(&mut lock(&window.line), 1);
        let show = |generation, off| window.show(&view(Transfer::Sdr), generation, off, Some(1));
        window.asks(1);
        assert!(
            show(1, Some(4)) && show(1, Some(10)),
            "the second one is dropped, and no reason to ask again"
        );
        assert!(show(1, Some(4)) && show(1, Some(3)), "the same again may be a better picture of it");
        window.asks(2);
        assert!(show(2, Some(10)) && show(2, None));
        let came = [next(), next(), next(), next(), next()];
        let near = |generation| Some((generation, false));
        assert_eq!(came, [near(1), near(1), near(1), near(2), Some((2, true))]);
    }

    #[test]
    fn what_is_brought_ahead_is_for_the_newest_wish_and_answers_none() {
        let (window, mut next) = connected();
        count(&mut lock(&window.line), 1);
        window.asks(1);
        window.bring(&view(Transfer::Sdr), 1, 1);
        assert!(window.show(&view(Transfer::Sdr), 1, None, Some(1)));
        window.sees(2);
        window.bring(&view(Transfer::Sdr), 1, 1);
        window.bring(&view(Transfer::Sdr), 2, 7);
        assert!(window.show(&view(Transfer::Sdr), 2, None, Some(1)), "the window holds it");
        window.bring(&view(Transfer::Hlg), 2, 1);
        let came = [next(), next(), next(), next()];
        assert_eq!(came, [Some((1, true)), Some((1, true)), None, Some((2, true))]);
    }

    /// A window, and what comes to it: generation and exactness of pictures, `None` for an event.
    fn connected() -> (Window, impl FnMut() -> Option<(u32, bool)>) {
        let door = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(door.local_addr().unwrap()).unwrap();
        theirs.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let window = Window::new(WebSocket::from_raw_socket(door.accept().unwrap().0, Role::Server, None));
        let mut theirs = WebSocket::from_raw_socket(theirs, Role::Client, None);
        let next = move || {
            let message = theirs.read().unwrap().into_data();
            FrameHeader::decode(&message).map(|(header, _)| (header.generation, header.exact))
        };
        (window, next)
    }

    #[test]
    fn a_picture_goes_only_to_a_window_that_counts_as_it_was_counted() {
        let (window, mut next) = connected();
        assert!(!window.show(&view(Transfer::Sdr), 1, None, Some(1)), "it was not told anything yet");
        assert!(window.show(&view(Transfer::Sdr), 0, Some(0), None));
        assert_eq!(next(), Some((0, false)), "a first picture");
        count(&mut lock(&window.line), 2);
        window.asks(3);
        assert!(!window.show(&view(Transfer::Sdr), 0, Some(0), None), "too late for a first picture");
        assert!(!window.show(&view(Transfer::Sdr), 3, None, Some(1)), "of the old numbers");
        assert!(window.show(&view(Transfer::Hlg), 3, None, Some(2)));
        assert_eq!((next(), next()), (None, Some((3, true))), "what its colours mean, then the picture");
        window.close();
        assert!(window.show(&view(Transfer::Sdr), 4, None, Some(1)), "nobody is there to be misled");
    }
}
