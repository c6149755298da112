//! A player for one clip: told what to play by any thread, it answers where it is.

use std::{
    fmt, io,
    sync::{
        Arc,
        mpsc::{Sender, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
};

use limpet_model::Micros;
use limpet_video::{Clip, Passage, Sample, Speed, VideoError};
use limpet_wire::sound::SoundClock;

use crate::{device::Outlet, feed::Feed, stage::Stage};

/// Where sound comes from.
pub trait Source: Send + Sync + 'static {
    /// Sound of a passage from its sample `at` on, at most so many samples; none when it has to be asked for again.
    ///
    /// # Errors
    /// `ChildEnded` when there will never be any again.
    fn sound(&self, passage: Passage, at: u64, most: u32) -> Result<Vec<Sample>, VideoError>;

    /// Whether there is any.
    fn has_sound(&self) -> bool;

    /// Length of the clip, by what is known of it by now. May wait for the decoder.
    fn duration(&self) -> Micros;
}

impl Source for Clip {
    fn sound(&self, passage: Passage, at: u64, most: u32) -> Result<Vec<Sample>, VideoError> {
        Self::sound(self, passage, at, most)
    }

    fn has_sound(&self) -> bool {
        Self::has_sound(self)
    }

    fn duration(&self) -> Micros {
        self.index().duration
    }
}

/// What is to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// From where; `None` goes on where it is.
    pub from: Option<Micros>,
    /// How fast.
    pub speed: Speed,
    /// First time and end of a loop.
    pub between: Option<(Micros, Micros)>,
    /// Not to be heard.
    pub muted: bool,
}

/// What the stage is told.
pub(crate) enum Order {
    /// With the length of the clip, by what is known of it now.
    Play(Wanted, Option<Micros>, SyncSender<SoundClock>),
    Stop(SyncSender<SoundClock>),
}

/// Plays one clip. Dropping it ends the sound.
pub struct Player {
    orders: Option<Sender<Order>>,
    stage: Option<JoinHandle<()>>,
    /// Length of the clip, while somebody keeps it open.
    length: Box<dyn Fn() -> Option<Micros> + Send + Sync>,
}

impl Player {
    /// For a clip that somebody else keeps open; of one that nobody does there is nothing to play. `tell` hears the
    /// clock a few times a second while it goes, and at once when something about it changes.
    ///
    /// # Errors
    /// When this computer has no thread left.
    pub fn open<S: Source>(
        source: &Arc<S>,
        outlet: Outlet,
        tell: impl Fn(SoundClock) + Send + 'static,
    ) -> io::Result<Self> {
        let feed = Feed::start(Arc::downgrade(source))?;
        let (has_sound, weak) = (source.has_sound(), Arc::downgrade(source));
        let length = Box::new(move || weak.upgrade().map(|source| source.duration()));
        let (orders, told) = channel();
        let stage = thread::Builder::new()
            .name("sound".into())
            .spawn(move || Stage::new(outlet, has_sound, feed, Box::new(tell)).run(&told))?;
        Ok(Self { orders: Some(orders), stage: Some(stage), length })
    }

    /// Plays, or goes on differently: to the end of what is known of the clip, and on into what becomes known
    /// meanwhile. Answers once something is heard, or it is clear that nothing will be.
    pub fn play(&self, wanted: Wanted) -> SoundClock {
        // Asked here, where one may wait for the decoder.
        let length = (self.length)();
        self.order(|answer| Order::Play(wanted, length, answer))
    }

    /// Stops, and answers where: what was heard last.
    pub fn stop(&self) -> SoundClock {
        self.order(Order::Stop)
    }

    fn order(&self, order: impl FnOnce(SyncSender<SoundClock>) -> Order) -> SoundClock {
        let (answer, answered) = sync_channel(1);
        let told = self.orders.as_ref().is_some_and(|orders| orders.send(order(answer)).is_ok());
        // A stage that is gone plays nothing.
        if told { answered.recv().unwrap_or_default() } else { SoundClock::default() }
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Player").finish_non_exhaustive()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.orders.take();
        if let Some(stage) = self.stage.take() {
            // It ends when nobody can tell it anything.
            let _ = stage.join();
        }
    }
}
