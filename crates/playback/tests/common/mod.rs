//! Sound devices without hardware, and a clip whose every sample says where it belongs.
#![allow(dead_code, clippy::allow_attributes, reason = "each test program uses a part of it")]
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, and sounds are seconds long"
)]

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use limpet_model::Micros;
use limpet_playback::{Outlet, Player, Source, Wanted};
use limpet_testkit::in_time;
use limpet_video::{Passage, Sample, Speed, VideoError};
use limpet_wire::sound::SoundClock;

pub const HZ: u32 = 48_000;
const INSIDE: &str = "LIMPET_TEST_ALSA";

/// Runs a test again in a process with an ALSA configuration of its own: the library reads it once, from a file that
/// the environment names. Answers the folder in which the configuration may write when it is that process.
pub fn with_alsa(test: &str, config: &str) -> Option<std::path::PathBuf> {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return Some(folder.into());
    }
    in_time(|| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alsa.conf");
        std::fs::write(&file, config.replace("FOLDER", dir.path().to_str().unwrap())).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env("ALSA_CONFIG_PATH", &file)
            .env(INSIDE, dir.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        println!("{said}");
        assert!(output.status.success() && said.contains("1 passed"), "{test} failed with its own ALSA");
    });
    None
}

/// A device that writes what it is given to a file. It has no clock: it takes whatever it is offered.
pub const TO_FILE: &str = r#"
pcm.!default { type file slave.pcm "nothing" file "FOLDER/out.raw" format "raw" }
pcm.nothing { type null }
"#;

/// A clip of a minute, until more is known of it, whose samples are their own places.
pub struct Places {
    pub sound: bool,
    pub dead: AtomicBool,
    /// How long the decoder takes for each ask.
    pub slow: Mutex<Duration>,
    /// What is known of it.
    pub seconds: AtomicI64,
}

impl Places {
    pub fn new() -> Arc<Self> {
        let (dead, seconds) = (AtomicBool::new(false), AtomicI64::new(60));
        Arc::new(Self { sound: true, dead, slow: Mutex::default(), seconds })
    }
}

impl Source for Places {
    fn sound(&self, passage: Passage, at: u64, most: u32) -> Result<Vec<Sample>, VideoError> {
        let slow = *self.slow.lock().unwrap();
        std::thread::sleep(slow);
        if self.dead.load(Ordering::Acquire) {
            return Err(VideoError::ChildEnded);
        }
        let place = |n: u64| passage.from + ((at + n) as f64 * passage.speed.rate()).round() as i64;
        Ok((0..u64::from(most)).map(|n| sample(place(n))).collect())
    }

    fn has_sound(&self) -> bool {
        self.sound
    }

    fn duration(&self) -> Micros {
        Micros(self.seconds.load(Ordering::Acquire) * 1_000_000)
    }
}

/// The sample that belongs to a place; never silence.
fn sample(place: i64) -> Sample {
    [(place >> 12) as i16, (place & 0xfff) as i16 + 1]
}

/// The places that a device was given; `None` for silence.
pub fn places(file: &Path) -> Vec<Option<i64>> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let number = |bytes: &[u8]| (f32::from_ne_bytes(bytes.try_into().unwrap()) * 32768.0).round() as i64;
    bytes
        .chunks_exact(8)
        .map(|both| (number(&both[..4]), number(&both[4..])))
        .map(|(left, right)| (right > 0).then(|| (left << 12) | (right - 1)))
        .collect()
}

/// Plays on from a time.
pub fn from(seconds: f64) -> Wanted {
    Wanted {
        from: Some(Micros((seconds * 1e6) as i64)),
        speed: Speed::AS_RECORDED,
        between: None,
        muted: false,
    }
}

/// What a player has told, and when.
pub type Told = Arc<Mutex<Vec<(Instant, SoundClock)>>>;

/// A player, and what it tells.
pub fn player<S: Source>(source: &Arc<S>, outlet: Outlet) -> (Player, Told) {
    let told = Told::default();
    let ears = Arc::clone(&told);
    let tell = move |clock| ears.lock().unwrap().push((Instant::now(), clock));
    (Player::open(source, outlet, tell).unwrap(), told)
}

/// What was told last, counted on as the UI does.
pub fn clock(told: &Told) -> SoundClock {
    let (when, clock) = *told.lock().unwrap().last().unwrap();
    let since = if clock.playing { when.elapsed().as_secs_f64() * clock.rate } else { 0.0 };
    SoundClock { at: Micros(clock.at.0 + (since * 1e6) as i64), ..clock }
}

pub fn seconds(clock: SoundClock) -> f64 {
    clock.at.0 as f64 / 1e6
}

pub fn wait(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}
