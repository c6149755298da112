//! The rooms that are open, and those that are being opened.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use limpet_model::{AttachmentId, Micros};
use limpet_playback::{Player, Source};
use limpet_video::{Clip, Length, Passage, Review, Sample, Still, VideoError};
use limpet_wire::{Code, Failure};
use tokio::sync::OwnedMutexGuard;

use crate::{fetch::Arriving, hub::blocking};

/// How long a still waits for the bytes it needs, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);

/// The rooms, by clip.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<HashMap<AttachmentId, Arc<Place>>>);

impl Rooms {
    /// The place of a room and the room, for oneself.
    pub(super) async fn enter(&self, id: AttachmentId) -> (Arc<Place>, OwnedMutexGuard<Option<Arc<Room>>>) {
        loop {
            let place = Arc::clone(self.places().entry(id).or_default());
            let room = place.room().await;
            // Closed while somebody else opened it: there is another place by now.
            if !place.is_closed() {
                return (place, room);
            }
        }
    }

    /// The room, if it is open; waits for one that is being opened.
    pub(crate) async fn open(&self, id: AttachmentId) -> Option<Arc<Room>> {
        let place = self.places().get(&id).cloned()?;
        place.room().await.clone()
    }

    /// Takes a place away. What is being opened there fails.
    pub(super) fn leave(&self, id: AttachmentId) -> Option<Arc<Place>> {
        let place = self.places().remove(&id)?;
        place.close();
        Some(place)
    }

    /// Closes every room.
    pub(crate) async fn clear(&self) {
        let places = std::mem::take(&mut *self.places());
        let rooms = places.into_values().filter_map(|place| {
            place.close();
            // One that is being opened fails, and goes by itself.
            place.room.try_lock().ok()?.take()
        });
        let_go(rooms.collect::<Vec<_>>()).await;
    }

    fn places(&self) -> MutexGuard<'_, HashMap<AttachmentId, Arc<Place>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a room is, once it is open.
#[derive(Default)]
pub(super) struct Place {
    room: Arc<tokio::sync::Mutex<Option<Arc<Room>>>>,
    coming: Mutex<Coming>,
}

#[derive(Default)]
enum Coming {
    #[default]
    Nothing,
    From(Weak<Arriving>),
    Closed,
}

impl Place {
    /// The room, for oneself.
    pub(super) async fn room(&self) -> OwnedMutexGuard<Option<Arc<Room>>> {
        Arc::clone(&self.room).lock_owned().await
    }

    /// The room is being opened on a clip that arrives: closing the room lets go of it.
    pub(super) fn comes_from(&self, seat: &Seat) -> Result<(), Failure> {
        let mut coming = self.coming();
        if let Coming::Closed = *coming {
            return Err(closed());
        }
        *coming = seat.0.as_ref().map_or(Coming::Nothing, |source| Coming::From(Arc::downgrade(source)));
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.coming(), Coming::Closed)
    }

    fn close(&self) {
        let before = std::mem::replace(&mut *self.coming(), Coming::Closed);
        if let Coming::From(source) = before
            && let Some(source) = source.upgrade()
        {
            source.leave();
        }
    }

    fn coming(&self) -> MutexGuard<'_, Coming> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open room. Its parts go in this order: the player before what it plays, and the seat before the clip, since a
/// child ends while its reader waits only if that reader leaves.
pub(crate) struct Room {
    /// Once it has been played.
    voice: Mutex<Option<Voice>>,
    seat: Seat,
    /// Of a clip that was not known when it was opened: its frame socket was served all the same.
    review: Option<Review>,
    clip: OnceLock<Result<Arc<Clip>, VideoError>>,
}

impl Room {
    /// Of a clip that is known.
    pub(super) fn new(seat: Seat, clip: Clip) -> Self {
        let known = OnceLock::from(Ok(Arc::new(clip)));
        Self { voice: Mutex::default(), seat, review: None, clip: known }
    }

    /// Of a clip that is being opened.
    pub(super) fn opening(seat: Seat, review: Review) -> Self {
        Self { voice: Mutex::default(), seat, review: Some(review), clip: OnceLock::new() }
    }

    /// The player, made by `make` unless there is one.
    pub(crate) fn player(
        &self,
        make: impl FnOnce(&Arc<PlayedClip>) -> Result<Player, Failure>,
    ) -> Result<Arc<Player>, Failure> {
        let clip = self.clip()?;
        let mut voice = self.voice();
        if let Some(voice) = &*voice {
            return Ok(Arc::clone(&voice.player));
        }
        let played = Arc::new(PlayedClip::of(clip));
        let player = Arc::new(make(&played)?);
        *voice = Some(Voice { player: Arc::clone(&player), _clip: played });
        Ok(player)
    }

    /// The player, if it has been played.
    pub(crate) fn playing(&self) -> Option<Arc<Player>> {
        self.voice().as_ref().map(|voice| Arc::clone(&voice.player))
    }

    fn voice(&self) -> MutexGuard<'_, Option<Voice>> {
        self.voice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clip; waits until it is known.
    fn clip(&self) -> Result<&Arc<Clip>, Failure> {
        let known = self.clip.get_or_init(|| match &self.review {
            Some(review) => review.clip().map(Arc::new),
            None => Err(VideoError::ChildEnded),
        });
        known.as_ref().map_err(|error| self.seat.failure(error.clone()))
    }

    /// The address of its child's frame socket; a failure when the child is gone. Waits for no bytes.
    pub(super) fn address(&self) -> Result<String, Failure> {
        if let Some(review) = &self.review {
            let ended = review.has_ended();
            return if ended { Err(VideoError::ChildEnded.into()) } else { Ok(review.address().to_owned()) };
        }
        self.answer(Clip::usage)?;
        self.answer(Clip::serve_frames)
    }

    /// A frame as a person sees it, and its time. Waits for the bytes it needs.
    pub(crate) fn still(&self, frame: u32) -> Result<Still, Failure> {
        let began = Instant::now();
        loop {
            let arrived = self.answer(|clip| match clip.capture(frame) {
                Err(VideoError::NotHere) => Ok(None),
                answer => answer.map(Some),
            });
            match arrived? {
                Some(still) => return Ok(still),
                None if began.elapsed() < PATIENCE => thread::sleep(LOOK),
                None => return Err(VideoError::NotHere.into()),
            }
            // Nothing more comes into a room that was closed.
            if let Some(left) = self.seat.left() {
                return Err(left);
            }
        }
    }

    /// Asks the child. A read of an earlier question that failed is told with the next answer: then it is asked again.
    fn answer<T>(&self, ask: impl Fn(&Clip) -> Result<T, VideoError>) -> Result<T, Failure> {
        let clip = self.clip()?;
        let before = self.seat.0.as_ref().and_then(|source| source.failure());
        match ask(clip) {
            Err(VideoError::Bytes(_)) if before.is_some() => ask(clip),
            answer => answer,
        }
        .map_err(|error| self.seat.failure(error))
    }
}

/// What plays a clip.
struct Voice {
    player: Arc<Player>,
    /// The player holds it only while it asks.
    _clip: Arc<PlayedClip>,
}

/// A clip as its player takes it.
pub(crate) struct PlayedClip {
    clip: Arc<Clip>,
    /// As it was when it was asked last.
    length: Mutex<Length>,
}

impl PlayedClip {
    fn of(clip: &Arc<Clip>) -> Self {
        let length = Length { duration: clip.index().duration, whole: false };
        Self { clip: Arc::clone(clip), length: Mutex::new(length) }
    }

    fn length(&self) -> MutexGuard<'_, Length> {
        self.length.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for PlayedClip {
    fn sound(&self, passage: Passage, at: u64, most: u32) -> Result<Vec<Sample>, VideoError> {
        self.clip.sound(passage, at, most)
    }

    fn has_sound(&self) -> bool {
        self.clip.has_sound()
    }

    fn duration(&self) -> Micros {
        let known = *self.length();
        // Of a child that ended the player hears soon enough.
        let length = if known.whole { known } else { self.clip.length().unwrap_or(known) };
        *self.length() = length;
        length.duration
    }
}

/// A room's place at a clip that arrives; the clip stops coming when it is given up.
pub(super) struct Seat(Option<Arc<Arriving>>);

impl Seat {
    /// At a clip that is here.
    pub(super) fn nowhere() -> Self {
        Self(None)
    }

    pub(super) fn of(source: Arc<Arriving>) -> Self {
        Self(Some(source))
    }

    /// What to tell whoever is still in a room that was closed.
    fn left(&self) -> Option<Failure> {
        self.0.as_ref().and_then(|source| source.left())
    }

    /// What to tell about an error of the decoder: where the bytes did not come, why they did not.
    pub(super) fn failure(&self, error: VideoError) -> Failure {
        let failure = match (&error, &self.0) {
            (VideoError::Bytes(_), Some(source)) => source.failure(),
            _ => None,
        };
        failure.unwrap_or_else(|| error.into())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(source) = &self.0 {
            source.leave();
        }
    }
}

/// Drops what is of rooms: it waits for children and threads.
pub(super) async fn let_go(rooms: impl Send + 'static) {
    // That it went wrong was said.
    let _ = blocking(move || {
        drop(rooms);
        Ok(())
    })
    .await;
}

pub(super) fn closed() -> Failure {
    Failure::new(Code::Conflict, "This room was closed while it was being opened.")
}
