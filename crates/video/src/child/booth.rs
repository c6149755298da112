//! The booth: a thread on which sound is made. It may wait for bytes that have not arrived, and nobody waits with it.
//!
//! **Invariant:** each ask gets exactly one `done`, in the order in which they came. What was made when bytes could not
//! be read is neither answered nor kept.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use limpet_model::Pts;
use serde_json::Value;

use super::{parent::Parent, sound::Sound};
use crate::{
    ByteSource, Passage, VideoError,
    media::{
        demuxer::{Demuxer, Track},
        holes::Holes,
        tape::Tape,
    },
};

/// Where sound comes from.
pub struct Reel {
    pub source: Arc<dyn ByteSource>,
    pub track: Track,
    /// The first frame's time: samples count from there.
    pub zero: Pts,
}

/// Sound that is wanted: of a passage, from its sample `at` on, at most `most` samples.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub passage: Passage,
    pub at: u64,
    pub most: u32,
}

/// Takes asks for sound.
pub struct Booth(Sender<(u32, Reel, Wanted)>);

impl Booth {
    /// Starts the thread.
    pub fn open(parent: Arc<Parent>) -> io::Result<Self> {
        let (asks, asked) = channel();
        thread::Builder::new().name("booth".into()).spawn(move || answer_all(&parent, &asked))?;
        Ok(Self(asks))
    }

    /// Has an ask answered.
    pub fn ask(&self, id: u32, reel: Reel, wanted: Wanted) -> Result<(), VideoError> {
        self.0.send((id, reel, wanted)).map_err(|_| VideoError::internal("the booth is empty"))
    }
}

/// Answers until the parent is gone.
fn answer_all(parent: &Arc<Parent>, asked: &Receiver<(u32, Reel, Wanted)>) {
    let mut open: Option<Open> = None;
    while let Ok((id, reel, wanted)) = asked.recv() {
        // What follows on what was asked last goes on from there.
        let mut now = open.take().filter(|open| open.is_of(&reel)).unwrap_or_else(|| Open::new(reel));
        let mut outcome = now.answer(parent, id, wanted);
        if now.read.take_failure() {
            outcome = Err(VideoError::unreadable());
        } else {
            open = Some(now);
        }
        if parent.done(id, &outcome).is_err() {
            return;
        }
    }
}

/// The sound that was asked for last.
struct Open {
    reel: Reel,
    /// The clip, as it is read here.
    read: Arc<Holes>,
    sound: Option<Sound>,
}

impl Open {
    fn new(reel: Reel) -> Self {
        let read = Arc::new(Holes::new(Arc::clone(&reel.source)));
        Self { reel, read, sound: None }
    }

    fn is_of(&self, reel: &Reel) -> bool {
        Arc::ptr_eq(&self.reel.source, &reel.source) && self.reel.zero == reel.zero
    }

    fn answer(&mut self, parent: &Parent, id: u32, wanted: Wanted) -> Result<Value, VideoError> {
        let Reel { track, zero, .. } = &self.reel;
        let sound = self.sound.get_or_insert_with(|| {
            let source = || Arc::clone(&self.read) as Arc<dyn ByteSource>;
            let demuxer = track.audio.and_then(|_| Demuxer::open(source(), Some(track.stream)).ok());
            Sound::new(demuxer.and_then(|demuxer| Tape::open(demuxer, *zero)))
        });
        let Wanted { passage, at, most } = wanted;
        let sound = sound.answer(passage, at, most as usize, &mut || parent.alive());
        let bytes: Vec<u8> = sound.iter().flatten().flat_map(|side| side.to_le_bytes()).collect();
        parent.chunk(id, &bytes)?;
        Ok(Value::Null)
    }
}
