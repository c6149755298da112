//! A device with a clock and a way to the ear, which asks for sound as cpal's ALSA host does.

use super::*;

pub const HZ: u32 = 48_000;
const PERIOD: u32 = 1920;

/// What it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fake {
    /// How long it takes from the device to the ear. In words only once it runs.
    pub way: Duration,
    /// Periods that fill it.
    pub fill: u32,
    /// When it runs empty once, by its period, and for how long.
    pub gap: Option<(u32, Duration)>,
}

impl Fake {
    pub fn open(self) -> Device {
        let shared = Arc::new(Shared::new(HZ));
        let own = Arc::clone(&shared);
        let start = move || {
            let shared = Arc::clone(&own);
            thread::spawn(move || self.run(&shared));
            Ok(())
        };
        Device { start: Box::new(start), hz: HZ, shared }
    }

    fn run(self, shared: &Arc<Shared>) {
        let mut taking = Taking { clock: DeviceClock::new(HZ), shared: Arc::clone(shared) };
        let mut data = [0_f32; 2 * PERIOD as usize];
        let period = PERIOD * Duration::from_secs(1) / HZ;
        let (mut filled_at, mut asks) = (Instant::now(), 0);
        for number in 0.. {
            if let Some((_, lasts)) = self.gap.filter(|(at, _)| *at == number) {
                thread::sleep(lasts);
                shared.empty.store(true, Ordering::Release);
                (filled_at, asks) = (Instant::now(), 0);
            }
            let mut delay = Duration::ZERO;
            if asks >= self.fill {
                let now = Instant::now();
                let due = filled_at + (asks + 1 - self.fill) * period;
                thread::sleep(due.saturating_duration_since(now));
                // Asked late, what is in it has become less.
                let late = Instant::now().saturating_duration_since(due);
                delay = (self.way + (self.fill - 1) * period).saturating_sub(late);
            }
            if shared.closing.load(Ordering::Acquire) {
                return;
            }
            taking.fill(&mut data, 2, delay);
            asks += 1;
        }
    }
}
