//! What is told of a device that says only late how long its way to the ear is.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use limpet_model::Micros;
use limpet_testkit::in_time;
use limpet_video::{Passage, Sample, Speed, VideoError};
use limpet_wire::sound::SoundClock;

use crate::{Outlet, Player, Source, Wanted, device::fake::Fake};

/// The desk's window waits for so long.
const WINDOW: Duration = Duration::from_millis(700);
/// More than a computer that is busy with other tests makes a clock waver, in seconds.
const WAVERS: f64 = 0.05;

struct Tone;

impl Source for Tone {
    fn sound(&self, _: Passage, _: u64, most: u32) -> Result<Vec<Sample>, VideoError> {
        Ok(vec![[1, 1]; most as usize])
    }

    fn has_sound(&self) -> bool {
        true
    }

    fn duration(&self) -> Micros {
        Micros(60_000_000)
    }
}

const WANTED: Wanted =
    Wanted { from: Some(Micros(1_000_000)), speed: Speed::AS_RECORDED, between: None, muted: false };

/// A clock as who was told it counts on.
type Told = (Instant, SoundClock);

/// How far the clock is behind what was told before, in seconds.
fn behind(told: Told, at: Instant, clock: SoundClock) -> f64 {
    (told.1.at.0 - clock.at.0) as f64 / 1e6 + (at - told.0).as_secs_f64() * told.1.rate
}

fn player(fake: Fake) -> (Player, Arc<Mutex<Vec<Told>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&told);
    let source = Arc::new(Tone);
    let tell = move |clock| ears.lock().unwrap().push((Instant::now(), clock));
    let player = Player::open(&source, Outlet::Fake(fake), tell).unwrap();
    // The player holds no clip open; here it is never closed.
    std::mem::forget(source);
    (player, told)
}

#[test]
fn what_is_told_at_first_is_heard_and_the_clock_never_goes_back() {
    in_time(|| {
        for (way, fill) in [(0, 2), (90, 2), (90, 3), (190, 2), (250, 3)] {
            let way = Duration::from_millis(way);
            let (player, told) = player(Fake { way, fill, gap: None });
            let asked = Instant::now();
            let first = player.play(WANTED);
            let answered = Instant::now();
            let took = answered - asked;
            println!("{way:?} and {fill} periods: answered after {took:?} that it is at {:?}", first.at);
            assert!(took < WINDOW, "answered after {took:?} of {way:?}");
            // The first sample is heard when it has gone all the way.
            let heard = took.as_secs_f64() - way.as_secs_f64();
            let said = first.at.0 as f64 / 1e6 - 1.0;
            assert!(said < heard + 0.001, "{said:.3} s were heard, {heard:.3} s can be, with {way:?}");
            thread::sleep(Duration::from_millis(700));
            let stopped = player.stop();
            let mut all = vec![(answered, first)];
            all.extend(told.lock().unwrap().iter().filter(|(at, _)| *at > answered));
            all.push((Instant::now(), stopped));
            for pair in all.windows(2) {
                let back = behind(pair[0], pair[1].0, pair[1].1);
                assert!(back < WAVERS, "{back:.3} s back with {way:?}");
            }
        }
    });
}

#[test]
fn a_gap_in_the_sound_is_told_at_once() {
    in_time(|| {
        let way = Duration::from_millis(60);
        // The device says that there was a gap 90 ms after the clock was told for the third time, 160 ms before the next.
        let (player, told) = player(Fake { way, fill: 2, gap: Some((9, Duration::from_millis(330))) });
        player.play(WANTED);
        let began = Instant::now();
        thread::sleep(Duration::from_millis(1200));
        let told = told.lock().unwrap().clone();
        let back = told.windows(2).map(|pair| behind(pair[0], pair[1].0, pair[1].1));
        let most = back.fold(0.0, f64::max);
        println!("told {} times, up to {most:.3} s behind what was told before", told.len());
        assert!(most < 2.0 * WAVERS, "{most:.3} s");
        let (at, clock) = *told.last().unwrap();
        let off = behind((began, SoundClock { at: Micros(1_000_000), ..clock }), at, clock);
        assert!((0.15..0.4).contains(&off), "the gap was left out: {off:+.3} s");
    });
}

/// Nothing is heard for longer than anybody waits: the clock goes on without, and follows.
#[test]
fn a_long_way_is_not_waited_for() {
    in_time(|| {
        let way = Duration::from_millis(900);
        let (player, _) = player(Fake { way, fill: 2, gap: None });
        let asked = Instant::now();
        player.play(WANTED);
        assert!(asked.elapsed() < WINDOW, "{:?}", asked.elapsed());
        thread::sleep((way + Duration::from_millis(500)).saturating_sub(asked.elapsed()));
        let off = player.stop().at.0 as f64 / 1e6 - 1.5;
        assert!(off.abs() < WAVERS, "{off:+.3} s");
    });
}
