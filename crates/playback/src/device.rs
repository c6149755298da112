//! The sound device of this computer, by cpal: takes samples from the ring, and says when they are heard.
//!
//! **Invariant:** the device's thread waits for nobody here, but for time itself: a device that takes sound faster than
//! it can be heard (ALSA's `null`) is held to the wall clock.

#[cfg(test)]
pub mod fake;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread,
    time::{Duration, Instant},
};

use cpal::{
    BufferSize, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
    traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _},
};
use limpet_video::Passage;

use crate::{
    device_clock::{DeviceClock, Measure},
    ring::Ring,
};

/// How much sound the device asks for at a time.
const PERIOD: Duration = Duration::from_millis(40);
/// A sound system that takes longer to open its device has none.
const OPENS: Duration = Duration::from_secs(2);
/// Longest wait for the end of a sound.
const CLOSES: Duration = Duration::from_millis(300);
/// Longest time that the device's thread is held without a look around.
const HOLD: Duration = Duration::from_millis(10);

/// Where sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlet {
    /// The default device of this computer.
    Device,
    /// Nowhere, as where there is no device.
    Nowhere,
    /// A device that is made up.
    #[cfg(test)]
    Fake(fake::Fake),
}

/// What the device's thread and ours share.
#[derive(Debug)]
pub struct Shared {
    /// What is to be heard.
    pub ring: Ring,
    /// Nothing is to be heard, and time goes on.
    pub muted: AtomicBool,
    /// The device is gone.
    pub lost: AtomicBool,
    /// It ran empty, and is being filled again.
    empty: AtomicBool,
    closing: AtomicBool,
    measure: Mutex<Option<Measure>>,
}

impl Shared {
    /// For a device that takes so many samples a second.
    pub fn new(hz: u32) -> Self {
        let [muted, lost, empty, closing] = [(); 4].map(|()| AtomicBool::new(false));
        Self { ring: Ring::new(hz), muted, lost, empty, closing, measure: Mutex::new(None) }
    }

    /// What it said last.
    pub fn measure(&self) -> Option<Measure> {
        *self.measure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open device.
pub struct Device {
    /// Starts the stream, which ends with it.
    start: Box<dyn Fn() -> Result<(), cpal::Error> + Send>,
    hz: u32,
    shared: Arc<Shared>,
}

impl Device {
    /// Opens the default device, which stays still until it is started.
    ///
    /// # Errors
    /// What is wrong with it, in words for the log.
    pub fn open() -> Result<Self, String> {
        let opened = within(OPENS, || Self::open_default().map_err(|error| error.to_string()));
        opened.unwrap_or_else(|| Err("it does not answer".into()))
    }

    /// Ends the sound at once: what the device has and has not played is never heard.
    pub fn close(self) {
        self.shared.closing.store(true, Ordering::Release);
        if within(CLOSES, move || drop(self)).is_none() {
            tracing::warn!("The sound device does not let go");
        }
    }

    fn open_default() -> Result<Self, cpal::Error> {
        let missing = || cpal::Error::new(cpal::ErrorKind::DeviceNotAvailable);
        let device = cpal::default_host().default_output_device().ok_or_else(missing)?;
        let named = device.default_output_config()?;
        let hz = named.sample_rate();
        if !(Passage::LEAST_HZ..=Passage::MOST_HZ).contains(&hz) || named.channels() == 0 {
            return Err(cpal::Error::new(cpal::ErrorKind::UnsupportedConfig));
        }
        let period = u32::try_from(PERIOD.as_millis()).unwrap_or(40) * hz / 1000;
        let period = match named.buffer_size() {
            SupportedBufferSize::Range { min, max } => period.clamp(*min, (*max).max(*min)),
            SupportedBufferSize::Unknown => period,
        };
        let shared = Arc::new(Shared::new(hz));
        let build = |buffer_size| {
            let config = StreamConfig { buffer_size, ..named.config() };
            build(&device, config, named.sample_format(), &shared)
        };
        let stream = build(BufferSize::Fixed(period)).or_else(|_| build(BufferSize::Default))?;
        Ok(Self { start: Box::new(move || stream.play()), hz, shared })
    }

    /// Samples it takes a second.
    pub fn hz(&self) -> u32 {
        self.hz
    }

    /// What its thread shares with others.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Has it take sound.
    pub fn start(&self) -> Result<(), cpal::Error> {
        (self.start)()
    }
}

/// Does something that a broken sound system may never end, and waits for so long at most.
fn within<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, waiting) = sync_channel(1);
    let work = move || {
        // Nobody waits for what came too late.
        let _ = done.send(work());
    };
    thread::Builder::new().name("sound device".into()).spawn(work).ok()?;
    waiting.recv_timeout(patience).ok()
}

fn build(
    device: &cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    shared: &Arc<Shared>,
) -> Result<cpal::Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => build_as::<i8>(device, config, shared),
        SampleFormat::I16 => build_as::<i16>(device, config, shared),
        SampleFormat::I24 => build_as::<cpal::I24>(device, config, shared),
        SampleFormat::I32 => build_as::<i32>(device, config, shared),
        SampleFormat::U8 => build_as::<u8>(device, config, shared),
        SampleFormat::U16 => build_as::<u16>(device, config, shared),
        SampleFormat::U32 => build_as::<u32>(device, config, shared),
        SampleFormat::F32 => build_as::<f32>(device, config, shared),
        SampleFormat::F64 => build_as::<f64>(device, config, shared),
        _ => Err(cpal::Error::new(cpal::ErrorKind::UnsupportedConfig)),
    }
}

fn build_as<T: SizedSample + FromSample<i16>>(
    device: &cpal::Device,
    config: StreamConfig,
    shared: &Arc<Shared>,
) -> Result<cpal::Stream, cpal::Error> {
    let mut player = Taking { clock: DeviceClock::new(config.sample_rate), shared: Arc::clone(shared) };
    let channels = usize::from(config.channels);
    let told = Arc::clone(shared);
    device.build_output_stream(
        config,
        move |data: &mut [T], info: &OutputCallbackInfo| {
            let stamp = info.timestamp();
            player.fill(data, channels, stamp.playback.duration_since(stamp.callback));
        },
        move |error| {
            if error.kind() == cpal::ErrorKind::Xrun {
                told.empty.store(true, Ordering::Release);
            }
            // A gap that was heard, and the news that sound now goes elsewhere, are no end.
            let goes_on = matches!(
                error.kind(),
                cpal::ErrorKind::Xrun | cpal::ErrorKind::DeviceChanged | cpal::ErrorKind::RealtimeDenied
            );
            // A broken device says so again and again.
            if !goes_on && !told.lost.swap(true, Ordering::AcqRel) {
                tracing::warn!(%error, "The sound device is lost");
            }
        },
        None,
    )
}

/// The device's thread at work.
struct Taking {
    clock: DeviceClock,
    shared: Arc<Shared>,
}

impl Taking {
    /// Fills the device, which says how long it takes until that is heard.
    fn fill<T: SizedSample + FromSample<i16>>(&mut self, data: &mut [T], channels: usize, delay: Duration) {
        if self.shared.closing.load(Ordering::Acquire) {
            // Silence is in it already. A device that takes everything at once gets no more of it than need be.
            return thread::sleep(Duration::from_millis(1));
        }
        if self.shared.empty.swap(false, Ordering::AcqRel) {
            self.clock.ran_empty();
        }
        let count = data.len() / channels.max(1);
        let said = self.clock.asks(self.shared.ring.taken(), count as u64, Instant::now(), delay);
        if let Some(said) = said {
            // Whoever reads it holds it for a moment; the next measure is as good.
            if let Ok(mut measure) = self.shared.measure.try_lock() {
                *measure = Some(said);
            }
            if self.clock.is_free() {
                self.hold(said.heard);
            }
        }
        let muted = self.shared.muted.load(Ordering::Acquire);
        for (to, [left, right]) in data.chunks_exact_mut(channels.max(1)).zip(self.shared.ring.take(count)) {
            let [left, right] = if muted { [0, 0] } else { [left, right] };
            match to {
                [only] => *only = T::from_sample(left.midpoint(right)),
                [l, r, others @ ..] => {
                    *l = T::from_sample(left);
                    *r = T::from_sample(right);
                    others.fill(T::EQUILIBRIUM);
                }
                [] => {}
            }
        }
    }

    /// Waits until a sample is due.
    fn hold(&self, due: Instant) {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || self.shared.closing.load(Ordering::Acquire) {
                return;
            }
            thread::sleep(left.min(HOLD));
        }
    }
}
