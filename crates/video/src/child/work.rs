//! What the parent asks, answered one after another.
//!
//! **Invariant:** each ask gets exactly one `done`, whatever happens to it.

use std::sync::{Arc, mpsc::Receiver};

use limpet_model::Pts;
use limpet_wire::frames::ClipIndex;
use md5::{Digest as _, Md5};
use serde_json::Value;

use super::{
    door::Door,
    facts,
    parent::{Asked, Parent},
    photo, room,
    sound::Sound,
    usage,
};
use crate::{
    ByteSource, FrameHash, Order, Passage, Picture, VideoError,
    clip::Opened,
    engine::{Decoded, Decoding, Engine, Hasher, Keep, Viewer},
    media::{
        demuxer::{Demuxer, Track},
        index::Index,
        reader::Reader,
        tape::Tape,
    },
    pipe::{Ask, Size},
    render::{Renderer, fit},
    rendition,
};

/// Bytes of views that the frame socket's engine keeps.
const VIEWS: usize = 384 << 20;
/// Bytes of hashes kept while all frames are visited.
const HASHES: usize = 64 << 20;
/// Bytes of pictures kept for stills: a few frames around the last one.
const DECODED: usize = 64 << 20;
/// Frames tried for a poster.
const POSTER_TRIES: u32 = 50;

/// Answers until the parent is gone.
pub fn answer_all(parent: &Arc<Parent>, asks: &Receiver<Asked>, door: Door) {
    let mut work = Work { parent: Arc::clone(parent), door: Some(door), address: None, clip: None };
    while let Ok((id, ask)) = asks.recv() {
        let outcome = work.answer(id, &ask);
        if parent.done(id, &outcome).is_err() {
            return;
        }
    }
}

struct Work {
    parent: Arc<Parent>,
    door: Option<Door>,
    address: Option<String>,
    clip: Option<Open>,
}

/// The open clip.
struct Open {
    source: Arc<dyn ByteSource>,
    index: Arc<Index>,
    track: Track,
    description: ClipIndex,
    /// The demuxer that was read to its end while indexing, until the frame socket takes it.
    scanned: Option<Demuxer>,
    /// For stills and posters.
    engine: Option<Engine<Decoded>>,
    sound: Option<Sound>,
}

impl Work {
    fn answer(&mut self, id: u32, ask: &Ask) -> Result<Value, VideoError> {
        match *ask {
            Ask::Open { len } => self.open(id, len),
            Ask::Serve => self.serve().map(Value::from),
            Ask::Still { frame } => {
                let picture = self.still(frame)?;
                self.picture(id, &picture)
            }
            Ask::Poster { max_side } => {
                let picture = self.poster(max_side)?;
                self.picture(id, &picture)
            }
            Ask::Rendition => self.rendition(id),
            Ask::Hashes { order } => self.hashes(id, order),
            Ask::Views { max_width, max_height } => self.views(id, max_width, max_height),
            Ask::Photo { len, max_side } => {
                let picture = photo::decode(&self.parent.clip(len), max_side)?;
                self.picture(id, &picture)
            }
            Ask::Sound { passage, at, most } => self.sound(id, passage, at, most),
            Ask::Usage => serde_json::to_value(usage::so_far()).map_err(VideoError::internal),
        }
    }

    fn open(&mut self, id: u32, len: u64) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let source = parent.clip(len);
        let mut demuxer = Demuxer::open(Arc::clone(&source))?;
        let index = Arc::new(Index::build(&mut demuxer, &mut || parent.alive())?);
        let track = demuxer.track.clone();
        let description = facts::describe(&track, &index);
        let opened = Opened { probe: facts::probe(&track, &index)?, index: description.clone() };
        let json = serde_json::to_vec(&opened).map_err(VideoError::internal)?;
        self.clip = Some(Open {
            source,
            index,
            track,
            description,
            scanned: Some(demuxer),
            engine: None,
            sound: None,
        });
        self.parent.chunk(id, &json)?;
        Ok(Value::Null)
    }

    fn serve(&mut self) -> Result<String, VideoError> {
        if let Some(address) = &self.address {
            return Ok(address.clone());
        }
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let door = self.door.take().ok_or_else(|| VideoError::internal("the frame socket is gone"))?;
        let address = door.address().map_err(VideoError::internal)?;
        let reader = match open.scanned.take() {
            Some(demuxer) => Reader::after_scan(demuxer, Arc::clone(&open.index))?,
            None => open.reader()?,
        };
        let viewer = Viewer::new(open.track.clone(), Arc::clone(&open.index));
        room::open(door, open.description.clone(), Engine::new(reader, VIEWS), viewer)
            .map_err(VideoError::internal)?;
        self.address = Some(address.clone());
        Ok(address)
    }

    fn still(&mut self, frame: u32) -> Result<Picture, VideoError> {
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let decoded = open.decoded(&self.parent, frame)?;
        let mut renderer = Renderer::new(&open.track);
        let size = renderer.shown();
        renderer.picture(&decoded.0, size)
    }

    /// The first frame is what a person expects; where it is damaged, the next that can be shown.
    fn poster(&mut self, max_side: u32) -> Result<Picture, VideoError> {
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let mut decoded = open.decoded(&self.parent, 0);
        for frame in 1..open.index.count().min(POSTER_TRIES) {
            if decoded.is_ok() {
                break;
            }
            decoded = open.decoded(&self.parent, frame);
        }
        let mut renderer = Renderer::new(&open.track);
        let size = fit(renderer.shown(), max_side, max_side);
        renderer.picture(&decoded?.0, size)
    }

    fn picture(&self, id: u32, picture: &Picture) -> Result<Value, VideoError> {
        self.parent.chunk(id, &picture.rgb)?;
        serde_json::to_value(Size { width: picture.width, height: picture.height })
            .map_err(VideoError::internal)
    }

    fn rendition(&mut self, id: u32) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let sound = Demuxer::open(Arc::clone(&open.source))?;
        let writer = Arc::clone(&parent);
        let write = move |offset: u64, bytes: &[u8]| writer.write(id, offset, bytes);
        rendition::write(open.reader()?, sound, Box::new(write), &mut || parent.alive())?;
        Ok(Value::Null)
    }

    fn sound(&mut self, id: u32, passage: Passage, at: u64, most: u32) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let sound = open.sound.get_or_insert_with(|| {
            let zero = Pts(open.index.frames.first().map_or(0, |shown| shown.pts));
            let demuxer = open.track.audio.and_then(|_| Demuxer::open(Arc::clone(&open.source)).ok());
            Sound::new(demuxer.and_then(|demuxer| Tape::open(demuxer, zero)))
        });
        let sound = sound.answer(passage, at, most as usize, &mut || parent.alive());
        let bytes: Vec<u8> = sound.iter().flatten().flat_map(|side| side.to_le_bytes()).collect();
        self.parent.chunk(id, &bytes)?;
        Ok(Value::Null)
    }

    fn hashes(&mut self, id: u32, order: Order) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let index = Arc::clone(&open.index);
        let mut engine = Engine::new(open.reader()?, HASHES);
        for frame in order.frames(index.count()) {
            let md5 = match engine.frame_at(frame, &mut Hasher, &wanted(&parent), &mut |_, _| {}) {
                Ok(digest) => Some(digest.0),
                Err(VideoError::BadClip(_)) => None,
                Err(error) => return Err(error),
            };
            parent.chunk(id, &record(&index, frame, md5).encode())?;
        }
        Ok(Value::Null)
    }

    /// Straight through the decoder: the n-th picture that comes out is frame n, whatever its time is.
    fn views(&mut self, id: u32, max_width: u32, max_height: u32) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let mut viewer = Viewer::new(open.track.clone(), Arc::clone(&open.index));
        viewer.fit(max_width, max_height);
        let mut reader = open.reader()?;
        for frame in 0..open.index.count() {
            parent.alive();
            let Some((_, picture)) = reader.next_picture()? else { break };
            let view = viewer.keep(frame, picture)?;
            let md5 = Md5::digest(&view.planes).into();
            parent.chunk(id, &record(&open.index, frame, Some(md5)).encode())?;
        }
        Ok(Value::Null)
    }
}

impl Open {
    /// A reader of its own, from the start.
    fn reader(&self) -> Result<Reader, VideoError> {
        Reader::new(Demuxer::open(Arc::clone(&self.source))?, Arc::clone(&self.index))
    }

    /// One frame as the decoder gives it.
    fn decoded(&mut self, parent: &Parent, frame: u32) -> Result<Arc<Decoded>, VideoError> {
        if self.engine.is_none() {
            self.engine = Some(Engine::new(self.reader()?, DECODED));
        }
        let engine = self.engine.as_mut().ok_or_else(nothing_open)?;
        engine.frame_at(frame, &mut Decoding, &wanted(parent), &mut |_, _| {})
    }
}

/// Nothing supersedes what the parent asks; between pictures there is time to say that work goes on.
fn wanted(parent: &Parent) -> impl Fn() -> bool {
    || {
        parent.alive();
        false
    }
}

fn record(index: &Index, frame: u32, md5: Option<[u8; 16]>) -> FrameHash {
    let pts = Pts(index.frames.get(frame as usize).map_or(0, |shown| shown.pts));
    FrameHash { frame, time: index.container_time(frame as usize), pts, md5 }
}

fn nothing_open() -> VideoError {
    VideoError::internal("no clip is open in this child")
}
