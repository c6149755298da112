//! Sound to test with, and what can be measured on it.
#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "sounds are seconds long, and a test that cannot go on has failed"
)]

use std::path::Path;

use limpet_video::{Clip, Passage, Sample, Speed};

/// Samples a second, where nothing else is said.
pub const HZ: u32 = 48_000;

/// So many samples of a passage from its sample `at` on, asked for in small parts as a player does.
pub fn hear(clip: &Clip, passage: Passage, at: u64, count: usize) -> Vec<Sample> {
    let mut heard = Vec::new();
    let mut tries = 0;
    while heard.len() < count {
        let most = u32::try_from(count - heard.len()).unwrap().min(passage.hz / 8).max(1);
        let part = clip.sound(passage, at + heard.len() as u64, most).unwrap();
        assert!(part.len() <= most as usize);
        tries = if part.is_empty() { tries + 1 } else { 0 };
        assert!(tries < 100, "no sound comes");
        heard.extend(part);
    }
    heard
}

/// A passage from so many seconds on.
pub fn from(seconds: f64, rate: f64) -> Passage {
    Passage { hz: HZ, from: (seconds * f64::from(HZ)).round() as i64, speed: Speed::of_rate(rate) }
}

/// All sound of a clip as the `ffmpeg` program has it, from the first shown frame on, gaps silent.
pub fn by_ffmpeg(path: &Path, start_us: i64, hz: u32) -> Vec<Sample> {
    let first = (start_us as f64 * f64::from(hz) / 1e6).round();
    let filter = format!(
        "aformat=sample_fmts=s16|s16p,aresample={hz}:async=1:first_pts={first},\
         aformat=sample_fmts=s16:channel_layouts=stereo"
    );
    let path = path.to_str().unwrap();
    let head = ["-v", "quiet", "-copyts", "-i", path, "-map", "0:a:0"];
    let tail = ["-af", &filter, "-f", "s16le", "-"];
    let bytes = super::run("ffmpeg", &[&head[..], &tail].concat());
    bytes
        .chunks_exact(4)
        .map(|b| [i16::from_le_bytes([b[0], b[1]]), i16::from_le_bytes([b[2], b[3]])])
        .collect()
}

/// How much louder what is right is than what is wrong, dB. Silence for silence is 200.
pub fn snr(right: &[Sample], got: &[Sample]) -> f64 {
    assert_eq!(right.len(), got.len(), "sounds of different length");
    let sides = || right.iter().flatten().zip(got.iter().flatten());
    let signal: f64 = sides().map(|(right, _)| f64::from(*right).powi(2)).sum();
    let noise: f64 = sides().map(|(right, got)| (f64::from(*right) - f64::from(*got)).powi(2)).sum();
    if noise == 0.0 { 200.0 } else { 10.0 * (signal / noise).log10() }
}

/// Loudness of a stretch: root of the mean square.
pub fn loudness(sound: &[Sample]) -> f64 {
    let sum: f64 = sound.iter().flatten().map(|side| f64::from(*side).powi(2)).sum();
    (sum / (2.0 * sound.len().max(1) as f64)).sqrt()
}

/// Frequency of a tone, by the times at which it crosses zero upwards.
pub fn pitch(sound: &[Sample], hz: u32) -> f64 {
    let crossings: Vec<f64> = sound
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0][0] < 0 && pair[1][0] >= 0)
        .map(|(at, pair)| {
            let (before, after) = (f64::from(pair[0][0]), f64::from(pair[1][0]));
            at as f64 - before / (after - before)
        })
        .collect();
    let (first, last) = (crossings.first().unwrap(), crossings.last().unwrap());
    (crossings.len() - 1) as f64 * f64::from(hz) / (last - first)
}

/// The middle of what is loud, in samples.
pub fn middle(sound: &[Sample]) -> f64 {
    let power = |sample: &Sample| f64::from(sample[0]).powi(2);
    let weighted: f64 = sound.iter().enumerate().map(|(at, sample)| at as f64 * power(sample)).sum();
    weighted / sound.iter().map(power).sum::<f64>()
}

/// Where it becomes loud, sample number.
pub fn onset(sound: &[Sample]) -> Option<usize> {
    sound.iter().position(|sample| sample[0].unsigned_abs() > 1000)
}
