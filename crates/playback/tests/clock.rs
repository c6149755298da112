//! The clock of a player without a device: where it is, where it stops, what it tells.

mod common;

use std::{sync::atomic::Ordering, time::Instant};

use common::{Places, clock, from, player, seconds, wait};
use limpet_model::Micros;
use limpet_playback::{Outlet, Wanted};
use limpet_testkit::in_time;
use limpet_video::Speed;
use limpet_wire::sound::{Silence, SoundClock};

#[test]
fn it_begins_exactly_where_it_was_asked_to_and_stops_at_the_end() {
    in_time(|| {
        let clip = Places::new();
        let (player, told) = player(&clip, Outlet::Nowhere);
        let began = Instant::now();
        assert!(player.play(from(59.8)).at >= Micros(59_800_000));
        wait(100);
        assert!(clock(&told).playing);
        wait(300);
        let end =
            SoundClock { at: Micros(60_000_000), rate: 1.0, playing: false, silent: Some(Silence::NoDevice) };
        assert_eq!(player.stop(), end);
        let told = told.lock().unwrap();
        let (when, last) = told.last().unwrap();
        assert_eq!(*last, end);
        let off = (*when - began).as_secs_f64() - 0.2;
        assert!((-0.01..0.08).contains(&off), "{off:+.3} s");
    });
}

#[test]
fn it_goes_on_into_what_becomes_known_while_it_plays() {
    in_time(|| {
        let clip = Places::new();
        let (player, told) = player(&clip, Outlet::Nowhere);
        player.play(from(59.5));
        let began = Instant::now();
        wait(100);
        clip.seconds.store(61, Ordering::Release);
        wait(900);
        let off = seconds(player.stop()) - 59.5 - began.elapsed().as_secs_f64();
        assert!((-0.05..0.05).contains(&off), "{off:+.3} s");
        assert!(told.lock().unwrap().iter().all(|(_, clock)| clock.playing));
        // From the end, too, and then to the one that is known last.
        player.play(from(61.0));
        wait(100);
        clip.seconds.store(62, Ordering::Release);
        let on = player.play(Wanted { from: None, ..from(0.0) });
        assert!(on.playing && (61.0..61.1).contains(&seconds(on)), "{on:?}");
        wait(1300);
        assert_eq!(player.stop().at, Micros(62_000_000));
    });
}

#[test]
fn a_stopped_clock_stays_and_goes_on_from_there() {
    in_time(|| {
        let clip = Places::new();
        let (player, _) = player(&clip, Outlet::Nowhere);
        player.play(from(10.0));
        wait(200);
        let stopped = player.stop();
        wait(100);
        assert_eq!((player.stop(), player.stop()), (stopped, stopped));
        let on = player.play(Wanted { from: None, ..from(0.0) });
        assert!(on.at >= stopped.at && seconds(on) - seconds(stopped) < 0.05, "{on:?}");
    });
}

#[test]
fn a_loop_goes_round_and_can_be_left() {
    in_time(|| {
        let clip = Places::new();
        let (player, told) = player(&clip, Outlet::Nowhere);
        let marks = (Micros(2_000_000), Micros(2_300_000));
        player.play(Wanted { between: Some(marks), speed: Speed::of_rate(2.0), ..from(7.0) });
        wait(600);
        for (_, clock) in told.lock().unwrap().iter() {
            assert!((marks.0..marks.1).contains(&clock.at), "{clock:?}");
        }
        player.play(Wanted { from: None, speed: Speed::of_rate(2.0), ..from(0.0) });
        wait(400);
        assert!(player.stop().at > marks.1);
        let told = told.lock().unwrap();
        let begins = told.iter().filter(|(_, clock)| clock.at.0 - marks.0.0 < 60_000).count();
        assert!(begins >= 4, "told {begins} beginnings of {}", told.len());
    });
}

#[test]
fn a_clip_without_sound_plays_silently_even_with_a_device() {
    let clip =
        std::sync::Arc::new(Places { sound: false, ..std::sync::Arc::into_inner(Places::new()).unwrap() });
    let (player, _) = player(&clip, Outlet::Device);
    let clock = player.play(from(1.0));
    assert_eq!((clock.playing, clock.silent), (true, Some(Silence::NoSound)));
}
