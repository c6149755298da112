//! A player for one clip: told what to play by any thread, it answers where it is.

use std::{
    io,
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

    /// Length of the clip.
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
    Play(Wanted, SyncSender<SoundClock>),
    Stop(SyncSender<SoundClock>),
    Say(SyncSender<SoundClock>),
}

/// Plays one clip. Dropping it ends the sound.
#[derive(Debug)]
pub struct Player {
    orders: Option<Sender<Order>>,
    stage: Option<JoinHandle<()>>,
}

impl Player {
    /// For a clip that somebody else keeps open. `tell` hears the clock a few times a second while it goes, and at once
    /// when something about it changes.
    ///
    /// # Errors
    /// When this computer has no thread left.
    pub fn open<S: Source>(
        source: &Arc<S>,
        outlet: Outlet,
        tell: impl Fn(SoundClock) + Send + 'static,
    ) -> io::Result<Self> {
        let feed = Feed::start(Arc::downgrade(source))?;
        let (duration, has_sound) = (source.duration(), source.has_sound());
        let (orders, told) = channel();
        let stage = thread::Builder::new()
            .name("sound".into())
            .spawn(move || Stage::new(outlet, duration, has_sound, feed, Box::new(tell)).run(&told))?;
        Ok(Self { orders: Some(orders), stage: Some(stage) })
    }

    /// Plays, or goes on differently. Answers once something is heard, or it is clear that nothing will be.
    pub fn play(&self, wanted: Wanted) -> SoundClock {
        self.order(|answer| Order::Play(wanted, answer))
    }

    /// Stops, and answers where: what was heard last.
    pub fn stop(&self) -> SoundClock {
        self.order(Order::Stop)
    }

    /// Answers where it is.
    pub fn clock(&self) -> SoundClock {
        self.order(Order::Say)
    }

    fn order(&self, order: impl FnOnce(SyncSender<SoundClock>) -> Order) -> SoundClock {
        let (answer, answered) = sync_channel(1);
        let told = self.orders.as_ref().is_some_and(|orders| orders.send(order(answer)).is_ok());
        // A stage that is gone plays nothing.
        if told { answered.recv().unwrap_or_default() } else { SoundClock::default() }
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
