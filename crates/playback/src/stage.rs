//! The one thread that owns the device and the clock, and does what the player is told.
//!
//! **Invariant:** the clock always answers. Everything here that may wait has an end.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use limpet_model::Micros;
use limpet_video::Speed;
use limpet_wire::sound::{Silence, SoundClock};

use crate::{
    device::{Device, Outlet},
    feed::Feed,
    heard::Heard,
    player::{Order, Wanted},
    timeline::{Part, Timeline},
};

/// Samples a second of the clock without a device.
const WALL_HZ: u32 = 48_000;
/// How often to look at the device while something plays.
const LOOK: Duration = Duration::from_millis(10);
/// Sound that is ready before the device starts: more than it takes at once.
const READY: Duration = Duration::from_millis(300);
/// Longest wait for it. Then it starts silent, and sound comes in when it comes.
///
/// This and `HEARD` together are shorter than the desk's window waits before its pictures go on alone.
const PATIENCE: Duration = Duration::from_millis(250);
/// Longest wait for the first sound to be heard. Then the clock goes on without it, and follows when it is.
const HEARD: Duration = Duration::from_millis(300);
/// A device that takes nothing for so long is lost.
const STILL: Duration = Duration::from_secs(1);
/// How far ahead a change is made: so long the old goes on while the new is decoded.
const CHANGE: Duration = Duration::from_millis(100);
/// How often the clock is told.
const TELL: Duration = Duration::from_millis(250);
/// Off by more than this from what was told, the clock is told at once. By the wall.
const OFF: f64 = 0.03;
/// So long before the end of what is known, and so often, it is asked whether more is known by now.
const NEAR_END: Duration = Duration::from_secs(1);
const ASK: Duration = Duration::from_millis(200);
/// Turns of a loop are told, but not more often than this.
const TURN: Duration = Duration::from_millis(80);

pub struct Stage {
    outlet: Outlet,
    /// Of the clip, as far as it is known.
    duration: Micros,
    has_sound: bool,
    feed: Feed,
    tell: Box<dyn Fn(SoundClock) + Send>,
    playing: Option<Playing>,
    /// Said while nothing plays.
    rest: SoundClock,
}

/// Something plays.
struct Playing {
    timeline: Timeline,
    heard: Heard,
    hz: u32,
    device: Option<Device>,
    /// When the device said last when something is heard.
    said: Option<Instant>,
    /// What the device had taken at the last look, and since when.
    taken: u64,
    taken_at: Instant,
    between: Option<(Micros, Micros)>,
    silent: Option<Silence>,
    /// Where it was at the last look, and whether it has gone round since it was told.
    seen: Micros,
    turned: bool,
    told: SoundClock,
    told_at: Instant,
    /// When it was asked last whether more is known of the clip.
    asked_at: Instant,
}

impl Stage {
    pub fn new(outlet: Outlet, has_sound: bool, feed: Feed, tell: Box<dyn Fn(SoundClock) + Send>) -> Self {
        let rest = SoundClock::default();
        Self { outlet, duration: Micros(0), has_sound, feed, tell, playing: None, rest }
    }

    /// Until nobody can say anything any more.
    pub fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let wait = if self.playing.is_some() { LOOK } else { Duration::from_secs(3600) };
            let done = match orders.recv_timeout(wait) {
                Ok(Order::Play(wanted, length, answer)) => Some((self.play(wanted, length), answer)),
                Ok(Order::Stop(answer)) => Some((self.stop(), answer)),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Some((clock, answer)) = done {
                // Who asked may be gone; that is no news.
                let _ = answer.send(clock);
            }
            self.look();
        }
        self.stop();
    }

    fn play(&mut self, wanted: Wanted, length: Option<Micros>) -> SoundClock {
        self.lasts(length);
        match self.playing.take() {
            Some(playing) => self.change(playing, wanted),
            None => self.begin(wanted),
        }
        self.clock()
    }

    fn begin(&mut self, wanted: Wanted) {
        let opened = match self.outlet {
            _ if !self.has_sound => Err(Silence::NoSound),
            Outlet::Nowhere => Err(Silence::NoDevice),
            #[cfg(test)]
            Outlet::Fake(fake) => Ok(fake.open()),
            Outlet::Device => Device::open().map_err(|error| {
                tracing::info!(%error, "There is no sound device; playing without sound");
                Silence::NoDevice
            }),
        };
        let hz = opened.as_ref().map_or(WALL_HZ, Device::hz);
        let part = self.part(hz, wanted.from.unwrap_or(self.rest.at), wanted);
        let started = opened.and_then(|device| self.start(device, part, wanted.muted));
        let (device, silent) = match started {
            Ok(device) => (Some(device), None),
            Err(silent) => (None, Some(silent)),
        };
        let now = Instant::now();
        let mut playing = Playing {
            timeline: Timeline::new(part),
            heard: Heard::from(now, hz),
            hz,
            device,
            said: None,
            taken: 0,
            taken_at: now,
            between: wanted.between,
            silent,
            seen: Micros(0),
            turned: false,
            told: SoundClock::default(),
            told_at: now,
            asked_at: now,
        };
        playing.wait();
        self.playing = Some(playing);
        self.told();
    }

    /// Has the device take sound, once there is some.
    fn start(&self, device: Device, part: Part, muted: bool) -> Result<Device, Silence> {
        let shared = device.shared();
        shared.muted.store(muted, Ordering::Release);
        self.feed.play(part, 0, device.hz(), shared);
        let ready = u64::from(device.hz()) * u64::try_from(READY.as_millis()).unwrap_or(0) / 1000;
        self.feed.wait(ready, PATIENCE);
        let deadline = Instant::now() + STILL;
        let mut started = device.start().is_ok();
        while started && shared.ring.taken() == 0 {
            started = Instant::now() < deadline && !shared.lost.load(Ordering::Acquire);
            thread::sleep(Duration::from_millis(1));
        }
        if started {
            Ok(device)
        } else {
            tracing::info!("The sound device does not start; playing without sound");
            self.feed.stop();
            device.close();
            Err(Silence::DeviceLost)
        }
    }

    fn change(&mut self, mut playing: Playing, wanted: Wanted) {
        let now = Instant::now();
        playing.listen();
        let at = playing.heard.at(now);
        let same = wanted.from.is_none()
            && playing.between == wanted.between
            && playing.timeline.part(at).is_some_and(|(part, _)| part.speed() == wanted.speed)
            && !playing.timeline.changes_after(at);
        if let Some(device) = &playing.device {
            device.shared().muted.store(wanted.muted, Ordering::Release);
        }
        if !same {
            let ahead = u64::from(playing.hz) * u64::try_from(CHANGE.as_millis()).unwrap_or(0) / 1000;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative, and small"
            )]
            let heard = at.ceil() as u64;
            let place = playing.device.as_ref().map_or(heard, |device| device.shared().ring.taken() + ahead);
            let from = wanted.from.unwrap_or_else(|| playing.timeline.time(place as f64));
            let part = self.part(playing.hz, from, wanted);
            playing.timeline.change(place, part);
            playing.between = wanted.between;
            if let Some(device) = &playing.device {
                self.feed.play(part, place, playing.hz, device.shared());
            }
        }
        self.playing = Some(playing);
    }

    fn part(&self, hz: u32, from: Micros, wanted: Wanted) -> Part {
        match wanted.between {
            Some(marks) => Part::looped(hz, from, wanted.speed, marks),
            None => Part::to_end(hz, from, wanted.speed, self.duration),
        }
    }

    /// So long is the clip by what is known of it now. What plays to its end goes on into what has become known.
    fn lasts(&mut self, length: Option<Micros>) {
        let Some(length) = length else { return };
        if let Some(playing) = &mut self.playing {
            if length <= self.duration {
                return;
            }
            if let Some(part) = playing.timeline.extend(length) {
                self.feed.extend(part);
            }
        }
        self.duration = length;
    }

    fn stop(&mut self) -> SoundClock {
        let clock = self.clock();
        if let Some(playing) = self.playing.take() {
            self.rest = SoundClock { playing: false, ..clock };
            if let Some(device) = playing.device {
                device.close();
            }
            self.feed.stop();
        }
        self.rest
    }

    fn clock(&mut self) -> SoundClock {
        let Some(playing) = &mut self.playing else { return self.rest };
        playing.listen();
        playing.clock(Instant::now())
    }

    /// What time brings: the device's word, its end, the end of the clip, and the clock to be told.
    fn look(&mut self) {
        let dead = self.feed.is_dead();
        self.lasts(self.feed.length());
        let Some(playing) = &mut self.playing else { return };
        let now = Instant::now();
        playing.listen();
        let still = now.saturating_duration_since(playing.taken_at) > STILL;
        let lost = playing.device.as_ref().is_some_and(|device| device.shared().lost.load(Ordering::Acquire));
        if playing.device.is_some() && (still || lost) {
            tracing::info!(still, "The sound device is gone; the clock goes on by itself");
            playing.silent = Some(Silence::DeviceLost);
            self.feed.stop();
            if let Some(device) = playing.device.take() {
                device.close();
            }
        }
        if dead && playing.silent.is_none() {
            playing.silent = Some(Silence::Decoder);
        }
        let left = playing.timeline.end().map(|end| end as f64 - playing.heard.at(now));
        if left.is_some_and(|left| left <= NEAR_END.as_secs_f64() * f64::from(playing.hz))
            && now.saturating_duration_since(playing.asked_at) >= ASK
        {
            playing.asked_at = now;
            self.feed.ask_length();
        }
        if left.is_some_and(|left| left <= 0.0) {
            self.stop();
            self.rest.at = self.duration;
            (self.tell)(self.rest);
            return;
        }
        let clock = playing.clock(now);
        let since = now.saturating_duration_since(playing.told_at);
        playing.turned |= clock.at < playing.seen;
        playing.seen = clock.at;
        let other = Speed::of_rate(clock.rate) != Speed::of_rate(playing.told.rate)
            || clock.silent != playing.told.silent;
        let thought = playing.told.at.0 as f64 / 1e6 + since.as_secs_f64() * playing.told.rate;
        let off = (clock.at.0 as f64 / 1e6 - thought).abs() > OFF * playing.told.rate;
        if since >= TELL || (playing.turned && since >= TURN) || (off && !playing.turned) || other {
            self.told();
        }
    }

    fn told(&mut self) {
        let Some(playing) = &mut self.playing else { return };
        playing.told_at = Instant::now();
        playing.turned = false;
        playing.told = playing.clock(playing.told_at);
        (self.tell)(playing.told);
    }
}

impl Playing {
    /// Takes the device's word.
    fn listen(&mut self) {
        let Some(device) = &self.device else { return };
        let taken = device.shared().ring.taken();
        if taken != self.taken {
            (self.taken, self.taken_at) = (taken, Instant::now());
        }
        if let Some(measure) = device.shared().measure().filter(|measure| Some(measure.said) > self.said) {
            if self.said.is_none() {
                self.heard.began(measure.began);
            }
            self.said = Some(measure.said);
            self.heard.measured(measure.sample, measure.heard);
        }
    }

    /// Waits until something is heard, or it takes too long: then the clock begins now.
    fn wait(&mut self) {
        let deadline = Instant::now() + HEARD;
        loop {
            self.listen();
            let now = Instant::now();
            let Some(device) = &self.device else { return };
            let is_heard = self.said.is_some() && self.heard.begins() <= now;
            if is_heard || now >= deadline || device.shared().lost.load(Ordering::Acquire) {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        if self.said.is_none() {
            self.heard.began(Instant::now());
        }
    }

    fn clock(&mut self, now: Instant) -> SoundClock {
        let at = self.heard.at(now);
        let speed = self.timeline.part(at).map_or(Speed::AS_RECORDED, |(part, _)| part.speed());
        SoundClock { at: self.timeline.time(at), rate: speed.rate(), playing: true, silent: self.silent }
    }
}
