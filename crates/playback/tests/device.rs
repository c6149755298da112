//! Playing on a device that ALSA makes of a file: what it was given, and what the clock said meanwhile.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use common::{HZ, Places, TO_FILE, clock, from, places, player, seconds, wait, with_alsa};
use limpet_model::Micros;
use limpet_playback::{Outlet, Wanted};
use limpet_video::Speed;
use limpet_wire::sound::Silence;

/// Sound in the order of the clip, without a gap; what is silent at the end does not count.
fn unbroken(heard: &[Option<i64>], step: i64) -> usize {
    let sound = heard.iter().take_while(|place| place.is_some()).count();
    for pair in heard[..sound].windows(2) {
        assert_eq!(pair[1].unwrap() - pair[0].unwrap(), step, "after {:?}", pair[0]);
    }
    sound
}

#[test]
fn it_is_given_the_clip_and_the_clock_goes_as_fast() {
    let Some(folder) = with_alsa("it_is_given_the_clip_and_the_clock_goes_as_fast", TO_FILE) else { return };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    let asked = Instant::now();
    let first = player.play(from(1.0));
    let began = Instant::now();
    println!("starting took {:?}", began - asked);
    assert_eq!((first.playing, first.silent), (true, None));
    assert!((1.0..1.1).contains(&seconds(first)), "{first:?}");
    for _ in 0..60 {
        wait(25);
        let off = seconds(clock(&told)) - seconds(first) - began.elapsed().as_secs_f64();
        assert!(off.abs() < 0.03, "{off:+.3} s off after {:?}", began.elapsed());
    }
    let stopped = player.stop();
    let said: Vec<Micros> = told.lock().unwrap().iter().map(|(_, clock)| clock.at).collect();
    assert!(said.is_sorted() && !stopped.playing && stopped.at >= *said.last().unwrap());
    let off = seconds(stopped) - seconds(first) - began.elapsed().as_secs_f64();
    assert!(off.abs() < 0.05, "stopped {off:+.3} s off");
    let heard = places(&folder.join("out.raw"));
    assert_eq!(heard[0], Some(i64::from(HZ)), "the first sample");
    let sound = unbroken(&heard, 1);
    assert!(heard[sound..].iter().all(Option::is_none), "silent at {sound}");
    // It was given all that was heard, and not much that was not.
    let given = sound as f64 / f64::from(HZ) + 1.0;
    assert!((seconds(stopped)..seconds(stopped) + 0.3).contains(&given), "{given} {stopped:?}");
    // It has stopped.
    wait(200);
    assert_eq!(places(&folder.join("out.raw")).len(), heard.len());
    assert_eq!(player.stop(), stopped);
    let told = told.lock().unwrap();
    assert!((5..=12).contains(&told.len()), "told {} times", told.len());
    assert!(told.iter().all(|(_, clock)| clock.playing));
}

/// Nobody hears where the clip was thought to end.
#[test]
fn what_becomes_known_follows_without_a_gap() {
    let Some(folder) = with_alsa("what_becomes_known_follows_without_a_gap", TO_FILE) else { return };
    let clip = Places::new();
    let (player, _) = player(&clip, Outlet::Device);
    player.play(from(59.0));
    clip.seconds.store(63, Ordering::Release);
    wait(2000);
    let stopped = player.stop();
    assert!(seconds(stopped) > 60.5, "{stopped:?}");
    let heard = places(&folder.join("out.raw"));
    assert_eq!(heard[0], Some(59 * i64::from(HZ)), "the first sample");
    let sound = unbroken(&heard, 1) as f64 / f64::from(HZ);
    assert!(sound > 1.5, "{sound} s");
}

#[test]
fn a_loop_has_no_sample_more_or_less() {
    let Some(folder) = with_alsa("a_loop_has_no_sample_more_or_less", TO_FILE) else { return };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    player.play(Wanted { between: Some((Micros(1_000_000), Micros(1_100_000))), ..from(1.05) });
    wait(1000);
    player.stop();
    for (_, clock) in told.lock().unwrap().iter() {
        assert!((1_000_000..1_100_000).contains(&clock.at.0), "{clock:?}");
    }
    let heard = places(&folder.join("out.raw"));
    let expected = (0..).map(|n| 48_000 + (2400 + n) % 4800);
    let sound = heard.iter().take_while(|place| place.is_some()).count();
    assert!(sound > 40_000, "{sound}");
    for (n, (got, expected)) in heard[..sound].iter().zip(expected).enumerate() {
        assert_eq!(*got, Some(expected), "sample {n}");
    }
}

#[test]
fn a_change_of_speed_goes_on_without_a_jump() {
    let Some(folder) = with_alsa("a_change_of_speed_goes_on_without_a_jump", TO_FILE) else { return };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    player.play(from(2.0));
    wait(500);
    player.play(Wanted { from: None, speed: Speed::of_rate(2.0), ..from(0.0) });
    wait(600);
    let stopped = player.stop();
    assert!(stopped.rate > 1.9);
    let mut heard = places(&folder.join("out.raw"));
    heard.truncate(heard.iter().rposition(Option::is_some).unwrap());
    let steps: Vec<i64> = heard.windows(2).map(|pair| pair[1].unwrap() - pair[0].unwrap()).collect();
    let turn = steps.iter().position(|step| *step != 1).unwrap();
    println!(
        "{} s at 1, then {} s at 2",
        turn as f64 / f64::from(HZ),
        (steps.len() - turn) as f64 / f64::from(HZ)
    );
    assert!((0.5..0.95).contains(&(turn as f64 / f64::from(HZ))), "{turn}");
    // At the turn the place is rounded once.
    assert!((1..=3).contains(&steps[turn]) && steps[turn + 1..].iter().all(|step| *step == 2));
    let told = told.lock().unwrap();
    let (at, fast) = told.iter().find(|(_, clock)| clock.rate > 1.0).unwrap();
    let (before, slow) = told.iter().rfind(|(_, clock)| clock.rate < 2.0).unwrap();
    let gone = seconds(*fast) - seconds(*slow);
    let least = (*at - *before).as_secs_f64();
    assert!((least - 0.05..least * 2.0 + 0.05).contains(&gone), "{gone} in {least} s");
}

#[test]
fn mute_is_silence_in_step() {
    let Some(folder) = with_alsa("mute_is_silence_in_step", TO_FILE) else { return };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    let first = player.play(from(3.0));
    let began = Instant::now();
    wait(300);
    player.play(Wanted { from: None, muted: true, ..from(0.0) });
    wait(300);
    let off = seconds(clock(&told)) - seconds(first) - began.elapsed().as_secs_f64();
    assert!(off.abs() < 0.05, "{off:+.3} s");
    player.play(Wanted { from: None, ..from(0.0) });
    wait(300);
    player.stop();
    let mut heard = places(&folder.join("out.raw"));
    heard.truncate(heard.iter().rposition(Option::is_some).unwrap());
    let silent = heard.iter().filter(|place| place.is_none()).count();
    assert!((8_000..24_000).contains(&silent), "{silent}");
    for (n, place) in heard.iter().enumerate() {
        assert!(place.is_none_or(|place| usize::try_from(place) == Ok(144_000 + n)), "{place:?} as {n}");
    }
}

/// The device takes what there is and goes on; what comes too late is left out, and nothing is moved.
#[test]
fn a_slow_decoder_makes_gaps_and_no_delay() {
    let Some(folder) = with_alsa("a_slow_decoder_makes_gaps_and_no_delay", TO_FILE) else { return };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    let first = player.play(from(0.0));
    let began = Instant::now();
    wait(300);
    *clip.slow.lock().unwrap() = Duration::from_millis(700);
    wait(1500);
    // Just fast enough not to fall further behind, had it to make up for what is over.
    *clip.slow.lock().unwrap() = Duration::from_millis(90);
    wait(1500);
    let off = seconds(clock(&told)) - seconds(first) - began.elapsed().as_secs_f64();
    assert!(off.abs() < 0.05, "{off:+.3} s");
    player.stop();
    let mut heard = places(&folder.join("out.raw"));
    heard.truncate(heard.iter().rposition(Option::is_some).unwrap());
    assert!(heard.iter().any(Option::is_none), "it was not slow enough");
    assert!(heard[heard.len() - 9600..].iter().all(Option::is_some), "it goes on");
    for (n, place) in heard.iter().enumerate() {
        assert!(place.is_none_or(|place| usize::try_from(place) == Ok(n)), "{place:?} as {n}");
    }
}

/// A loop whose first turns come too late is heard whole later on, every sample in its place.
#[test]
fn a_slow_decoder_does_not_spoil_a_loop() {
    let Some(folder) = with_alsa("a_slow_decoder_does_not_spoil_a_loop", TO_FILE) else { return };
    let clip = Places::new();
    let (player, _) = player(&clip, Outlet::Device);
    *clip.slow.lock().unwrap() = Duration::from_millis(170);
    player.play(Wanted { between: Some((Micros(1_000_000), Micros(1_700_000))), ..from(1.0) });
    wait(1800);
    *clip.slow.lock().unwrap() = Duration::ZERO;
    wait(1800);
    player.stop();
    let mut heard = places(&folder.join("out.raw"));
    heard.truncate(heard.iter().rposition(Option::is_some).unwrap());
    assert!(heard.iter().any(Option::is_none), "it was not slow enough");
    assert!(heard[heard.len() - 33_600..].iter().all(Option::is_some), "it goes on");
    for (n, place) in heard.iter().enumerate() {
        assert!(
            place.is_none_or(|place| usize::try_from(place) == Ok(48_000 + n % 33_600)),
            "{place:?} as {n}"
        );
    }
}

#[test]
fn a_decoder_that_dies_ends_the_sound_and_not_the_clock() {
    let Some(folder) = with_alsa("a_decoder_that_dies_ends_the_sound_and_not_the_clock", TO_FILE) else {
        return;
    };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    let first = player.play(from(5.0));
    let began = Instant::now();
    wait(300);
    clip.dead.store(true, Ordering::Release);
    wait(1200);
    let now = clock(&told);
    assert_eq!((now.playing, now.silent), (true, Some(Silence::Decoder)));
    let off = seconds(now) - seconds(first) - began.elapsed().as_secs_f64();
    assert!(off.abs() < 0.05, "{off:+.3} s");
    assert!(told.lock().unwrap().iter().any(|(_, clock)| clock.silent == Some(Silence::Decoder)));
    drop(clip);
    let (_, last) = *told.lock().unwrap().last().unwrap();
    assert!(player.stop().at > last.at);
    let heard = places(&folder.join("out.raw"));
    assert!(heard[0].is_some() && heard.last().unwrap().is_none());
}

#[test]
fn without_a_device_the_clock_goes_by_itself() {
    let Some(_) = with_alsa("without_a_device_the_clock_goes_by_itself", "# no device at all\n") else {
        return;
    };
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    let first = player.play(Wanted { speed: Speed::of_rate(0.5), ..from(1.0) });
    let began = Instant::now();
    assert_eq!((first.playing, first.silent), (true, Some(Silence::NoDevice)));
    wait(600);
    let now = clock(&told);
    let off = seconds(now) - seconds(first) - began.elapsed().as_secs_f64() / 2.0;
    assert!(off.abs() < 0.03, "{off:+.3} s");
    let before = player.play(Wanted { from: None, speed: Speed::of_rate(4.0), ..from(0.0) });
    let began = Instant::now();
    assert!(seconds(before) - seconds(now) < 0.2, "no jump");
    wait(500);
    let off = seconds(clock(&told)) - seconds(before) - began.elapsed().as_secs_f64() * 4.0;
    assert!(off.abs() < 0.1, "{off:+.3} s");
    let stopped = player.stop();
    assert_eq!(stopped.silent, Some(Silence::NoDevice));
    assert!(told.lock().unwrap().len() > 3);
}

/// A device that blocks: its reader goes away, as a sound server does that hangs.
#[test]
fn a_device_that_stands_still_is_let_go() {
    let config = TO_FILE.replace("out.raw", "pipe");
    if std::env::var_os("LIMPET_TEST_ALSA").is_none() {
        return drop(with_alsa("a_device_that_stands_still_is_let_go", &config));
    }
    let folder = with_alsa("", "").unwrap();
    let pipe = folder.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Open for both, so that nobody waits for the other end; and nobody ever reads.
    let _other_end = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
    let clip = Places::new();
    let (player, told) = player(&clip, Outlet::Device);
    let first = player.play(from(1.0));
    let began = Instant::now();
    assert_eq!(first.silent, None, "it takes a pipe full first");
    wait(2500);
    let now = clock(&told);
    assert_eq!((now.playing, now.silent), (true, Some(Silence::DeviceLost)));
    let off = seconds(now) - seconds(first) - began.elapsed().as_secs_f64();
    assert!(off.abs() < 0.3, "{off:+.3} s");
    let asked = Instant::now();
    assert!(!player.stop().playing);
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
}
