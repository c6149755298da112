//! What the parent asks, answered one after another, but for sound: that may have to wait for bytes, so it is made in
//! the [`booth`](super::booth).
//!
//! **Invariant:** each ask gets exactly one `done`, whatever happens to it. One for which the clip could not be read
//! says so: to FFmpeg a source that fails looks like the end, and what was made of it is neither answered nor kept.

use std::{
    ops::Range,
    sync::{Arc, mpsc::Receiver},
};

use limpet_model::Pts;
use md5::{Digest as _, Md5};
use serde_json::Value;

use super::{
    booth::{self, Booth, Reel},
    door::Door,
    facts,
    parent::{Asked, Parent},
    photo,
    room::{self, Known, Stage},
    usage,
};
use crate::{
    ByteSource, FrameHash, Order, Picture, VideoError,
    clip::Opened,
    engine::{Decoded, Decoding, Easel, Engine, Hasher, Keep, Shared, Sketcher, View, Viewer, Way},
    media::{
        demuxer::{Demuxer, Track},
        holes::Holes,
        index::Index,
        reader::{Fresh, Reader},
    },
    pipe::{Ask, Length, Size, Taken},
    render::{Renderer, fit},
    rendition,
};

/// Bytes of hashes kept while all frames are visited.
const HASHES: usize = 64 << 20;
/// Bytes of pictures kept for stills: a few frames around the last one.
const DECODED: usize = 64 << 20;
/// Frames tried for a poster.
const POSTER_TRIES: u32 = 50;

/// Answers until the parent is gone.
pub fn answer_all(parent: &Arc<Parent>, asks: &Receiver<Asked>, door: Door) {
    let mut work = Work { parent: Arc::clone(parent), door: Some(door), room: None, clip: None, booth: None };
    while let Ok((id, ask)) = asks.recv() {
        if let Some(outcome) = work.answer(id, &ask)
            && parent.done(id, &outcome).is_err()
        {
            return;
        }
    }
}

struct Work {
    parent: Arc<Parent>,
    door: Option<Door>,
    /// The room behind the door and its address.
    room: Option<(Arc<Stage>, String)>,
    clip: Option<Open>,
    /// Once sound was asked for.
    booth: Option<Booth>,
}

/// The open clip.
struct Open {
    /// It is what the room knows, and follows when that becomes more.
    follows: bool,
    /// Nothing more can become known.
    whole: bool,
    source: Arc<dyn ByteSource>,
    /// The same, as it is read here.
    read: Arc<Holes>,
    index: Arc<Index>,
    track: Track,
    /// For stills and posters.
    engine: Option<Engine>,
    decoded: Shared<Decoded>,
}

impl Work {
    /// `None` when the booth answers.
    fn answer(&mut self, id: u32, ask: &Ask) -> Option<Result<Value, VideoError>> {
        let outcome = self.work(id, ask).transpose()?;
        match &mut self.clip {
            Some(open) if open.read.take_failure() => {
                open.forget();
                Some(Err(VideoError::unreadable()))
            }
            _ => Some(outcome),
        }
    }

    fn work(&mut self, id: u32, ask: &Ask) -> Result<Option<Value>, VideoError> {
        let value = match *ask {
            Ask::Open { len, track } => self.open(id, len, track),
            Ask::Serve { len, track, memory } => self.serve(len, track, memory).map(Value::from),
            Ask::Facts => self.facts(id),
            Ask::Still { frame } => self.still(id, frame),
            Ask::Length => serde_json::to_value(self.length()?).map_err(VideoError::internal),
            Ask::Poster { max_side } => {
                let picture = self.poster(max_side)?;
                self.picture(id, &picture)
            }
            Ask::Rendition => self.rendition(id),
            Ask::Hashes { order } => self.hashes(id, order),
            Ask::Views { max_width, max_height } => {
                let mut viewer = self.viewer()?;
                viewer.fit(max_width, max_height);
                self.views(id, &mut |frame, fresh| {
                    viewer.keep(frame, fresh.picture, fresh.hurt).map(Arc::new)
                })
            }
            Ask::Sketches => {
                let (mut sketcher, mut easel) = (Sketcher::new(self.viewer()?), Easel::default());
                self.views(id, &mut |frame, fresh| {
                    easel.view(&sketcher.keep(frame, fresh.picture, fresh.hurt)?)
                })
            }
            Ask::Photo { len, max_side } => {
                let picture = photo::decode(&self.parent.clip(len), max_side)?;
                self.picture(id, &picture)
            }
            Ask::Motion { len } => {
                serde_json::to_value(photo::motion(&self.parent.clip(len))?).map_err(VideoError::internal)
            }
            Ask::Sound { passage, at, most } => {
                self.sound(id, booth::Wanted { passage, at, most })?;
                return Ok(None);
            }
            Ask::Usage => serde_json::to_value(usage::so_far()).map_err(VideoError::internal),
        };
        value.map(Some)
    }

    fn open(&mut self, id: u32, len: u64, track: Option<usize>) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let source = parent.clip(len);
        let read = Arc::new(Holes::new(Arc::clone(&source)));
        let opened =
            Demuxer::of_pictures(Arc::clone(&read) as Arc<dyn ByteSource>, track).and_then(|mut demuxer| {
                let index = Index::build(&mut demuxer, None, &mut || parent.alive())?;
                Ok((index, demuxer.track))
            });
        if read.take_failure() {
            return Err(VideoError::unreadable());
        }
        let (index, track) = opened?;
        let open = Open::new(source, Arc::new(index), track);
        self.tell(id, &open, true)?;
        self.clip = Some(open);
        Ok(Value::Null)
    }

    fn serve(&mut self, len: u64, track: Option<usize>, memory: u64) -> Result<String, VideoError> {
        if let Some((_, address)) = &self.room {
            return Ok(address.clone());
        }
        let door = self.door.take().ok_or_else(|| VideoError::internal("the frame socket is gone"))?;
        let address = door.address().map_err(VideoError::internal)?;
        let memory = usize::try_from(memory).map_err(VideoError::internal)?;
        let stage = room::open(door, &self.parent.clip(len), track, memory).map_err(VideoError::internal)?;
        self.room = Some((stage, address.clone()));
        Ok(address)
    }

    /// What the room knows of its clip. From here on it is open, and stills are of what is known when they are made.
    fn facts(&mut self, id: u32) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let (stage, _) = self.room.as_ref().ok_or_else(nothing_open)?;
        let known = stage.wait_known(&|| parent.alive())?;
        let open = Open::of(stage, &known);
        self.tell(id, &open, open.whole)?;
        self.clip = Some(open);
        Ok(Value::Null)
    }

    fn tell(&self, id: u32, open: &Open, whole: bool) -> Result<(), VideoError> {
        let index = facts::describe(&open.track, &open.index, whole);
        let opened = Opened { probe: facts::probe(&open.track, &open.index)?, index };
        self.parent.chunk(id, &serde_json::to_vec(&opened).map_err(VideoError::internal)?)
    }

    fn still(&mut self, id: u32, frame: u32) -> Result<Value, VideoError> {
        self.refresh();
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let decoded = open.decoded(&self.parent, frame)?;
        let mut renderer = Renderer::new(&open.track);
        let size = renderer.shown();
        let picture = renderer.picture(&decoded.0, size)?;
        self.parent.chunk(id, &picture.rgb)?;
        let size = Size { width: picture.width, height: picture.height };
        serde_json::to_value(Taken { size, at: open.index.time(frame) }).map_err(VideoError::internal)
    }

    fn length(&mut self) -> Result<Length, VideoError> {
        self.refresh();
        let open = self.clip.as_ref().ok_or_else(nothing_open)?;
        Ok(Length { duration: open.index.duration(), whole: open.whole })
    }

    /// Of a clip that is still arriving more may be known by now, and what the room shows is numbered by it.
    fn refresh(&mut self) {
        if let (Some(open), Some((stage, _))) = (&mut self.clip, &self.room)
            && let Some(known) = stage.known().filter(|known| !Arc::ptr_eq(&open.index, &known.index))
            && open.follows
        {
            *open = Open::of(stage, &known);
        }
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
        let sound = open.demuxer()?;
        let writer = Arc::clone(&parent);
        let write = move |offset: u64, bytes: &[u8]| writer.write(id, offset, bytes);
        rendition::write(open.reader()?, sound, Box::new(write), &mut || parent.alive())?;
        Ok(Value::Null)
    }

    fn sound(&mut self, id: u32, wanted: booth::Wanted) -> Result<(), VideoError> {
        let open = self.clip.as_ref().ok_or_else(nothing_open)?;
        let reel = Reel { source: Arc::clone(&open.source), track: open.track.clone(), zero: open.zero() };
        let booth = match self.booth.take() {
            Some(booth) => booth,
            None => Booth::open(Arc::clone(&self.parent)).map_err(VideoError::internal)?,
        };
        self.booth.insert(booth).ask(id, reel, wanted)
    }

    fn hashes(&mut self, id: u32, order: Order) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let index = Arc::clone(&open.index);
        let (mut engine, hashes) = (Engine::new(open.reader()?), Shared::new(HASHES));
        for frame in order.frames(index.count()) {
            let md5 =
                match engine.frame_at(frame, &mut Hasher, &hashes, &mut Wanted { parent: &parent, frame }) {
                    Ok(digest) => Some(digest.0),
                    Err(VideoError::BadClip(_)) => None,
                    Err(error) => return Err(error),
                };
            parent.chunk(id, &record(&index, frame, md5).encode())?;
        }
        Ok(Value::Null)
    }

    fn viewer(&self) -> Result<Viewer, VideoError> {
        let open = self.clip.as_ref().ok_or_else(nothing_open)?;
        Ok(Viewer::new(open.track.clone(), Arc::clone(&open.index)))
    }

    /// Straight through the decoder: the n-th picture that comes out is frame n, whatever its time is.
    fn views(
        &mut self,
        id: u32,
        view: &mut dyn FnMut(u32, Fresh) -> Result<Arc<View>, VideoError>,
    ) -> Result<Value, VideoError> {
        let parent = Arc::clone(&self.parent);
        let open = self.clip.as_mut().ok_or_else(nothing_open)?;
        let mut reader = open.reader()?;
        for frame in 0..open.index.count() {
            parent.alive();
            let Some(fresh) = reader.next_picture(&mut || false)? else { break };
            let view = view(frame, fresh)?;
            let md5 = Md5::digest(&view.planes).into();
            parent.chunk(id, &record(&open.index, frame, Some(md5)).encode())?;
        }
        Ok(Value::Null)
    }
}

impl Open {
    fn new(source: Arc<dyn ByteSource>, index: Arc<Index>, track: Track) -> Self {
        let read = Arc::new(Holes::new(Arc::clone(&source)));
        let decoded = Shared::new(DECODED);
        Self { follows: false, whole: true, source, read, index, track, engine: None, decoded }
    }

    /// What is known now of the clip that a room is of.
    fn of(stage: &Stage, known: &Known) -> Self {
        let open = Self::new(stage.source(), Arc::clone(&known.index), known.track.clone());
        Self { follows: true, whole: known.whole, ..open }
    }

    /// The first frame's time.
    fn zero(&self) -> Pts {
        Pts(self.index.frames.first().map_or(0, |shown| shown.pts))
    }

    /// Keeps nothing that was decoded.
    fn forget(&mut self) {
        (self.engine, self.decoded) = (None, Shared::new(DECODED));
    }

    /// A reader of its own, from the start.
    fn reader(&self) -> Result<Reader, VideoError> {
        let source = Arc::clone(&self.read) as Arc<dyn ByteSource>;
        let demuxer = Demuxer::of_pictures(source, Some(self.track.stream))?;
        Reader::new(demuxer, Arc::clone(&self.index))
    }

    /// The same track and its sound, opened afresh.
    fn demuxer(&self) -> Result<Demuxer, VideoError> {
        Demuxer::open(Arc::clone(&self.read) as Arc<dyn ByteSource>, Some(self.track.stream))
    }

    /// One frame as the decoder gives it.
    fn decoded(&mut self, parent: &Parent, frame: u32) -> Result<Arc<Decoded>, VideoError> {
        if frame < self.index.count() && !self.index.there(frame) {
            if let Some(missing) = self.index.missing(frame) {
                self.source.want(missing.start);
            }
            return Err(VideoError::NotHere);
        }
        if self.engine.is_none() {
            self.engine = Some(Engine::new(self.reader()?));
        }
        let engine = self.engine.as_mut().ok_or_else(nothing_open)?;
        engine.frame_at(frame, &mut Decoding, &self.decoded, &mut Wanted { parent, frame })
    }
}

/// Nothing supersedes what the parent asks; between packets there is time to say that work goes on.
struct Wanted<'a> {
    parent: &'a Parent,
    frame: u32,
}

impl<K> Way<K> for Wanted<'_> {
    fn over(&mut self) -> bool {
        self.parent.alive();
        false
    }

    fn near(&self) -> Range<u32> {
        self.frame..self.frame + 1
    }
}

fn record(index: &Index, frame: u32, md5: Option<[u8; 16]>) -> FrameHash {
    let pts = Pts(index.frames.get(frame as usize).map_or(0, |shown| shown.pts));
    FrameHash { frame, time: index.container_time(frame as usize), pts, md5 }
}

fn nothing_open() -> VideoError {
    VideoError::internal("no clip is open in this child")
}
