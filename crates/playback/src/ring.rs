//! The samples that are ready for the device, between the thread that gets them and the one that plays them.
//!
//! **Invariant:** nobody waits here. Places are counted from the start of playing and never reused: sample `n` is
//! given to the device as its `n`th, or silence is, when it is not there in time.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use limpet_video::Sample;

/// Samples by their place, as many as fit.
#[derive(Debug)]
pub struct Ring {
    slots: Box<[AtomicU32]>,
    /// Samples before this place are there, unless they have been taken.
    written: AtomicU64,
    /// Samples before this place have been given to the device.
    taken: AtomicU64,
}

impl Ring {
    /// With room for at least so many samples.
    pub fn new(room: u32) -> Self {
        let slots = (0..room.next_power_of_two()).map(|_| AtomicU32::new(0)).collect();
        Self { slots, written: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    /// How many samples fit.
    pub fn room(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Where the next sample goes that is put in.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Which sample the device takes next.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    /// Puts samples at a place, silence between what is there and them. For one thread only.
    pub fn put(&self, at: u64, samples: &[Sample]) {
        for gap in self.written().max(self.taken())..at {
            self.set(gap, [0, 0]);
        }
        for (place, sample) in (at..).zip(samples) {
            self.set(place, *sample);
        }
        self.written.store(at + samples.len() as u64, Ordering::Release);
    }

    /// Forgets everything from this place on, for something else is to be heard there. For the thread that puts.
    pub fn rewind(&self, to: u64) {
        self.written.fetch_min(to, Ordering::AcqRel);
    }

    /// Takes the next so many samples, silence for those that are not there. For the device only.
    pub fn take(&self, count: usize) -> impl Iterator<Item = Sample> + '_ {
        let from = self.taken();
        let written = self.written();
        self.taken.store(from + count as u64, Ordering::Release);
        (from..from + count as u64).map(move |place| if place < written { self.get(place) } else { [0, 0] })
    }

    fn set(&self, place: u64, [left, right]: Sample) {
        let [l0, l1] = left.to_ne_bytes();
        let [r0, r1] = right.to_ne_bytes();
        if let Some(slot) = self.slot(place) {
            slot.store(u32::from_ne_bytes([l0, l1, r0, r1]), Ordering::Relaxed);
        }
    }

    fn get(&self, place: u64) -> Sample {
        let [l0, l1, r0, r1] = self.slot(place).map_or(0, |slot| slot.load(Ordering::Relaxed)).to_ne_bytes();
        [i16::from_ne_bytes([l0, l1]), i16::from_ne_bytes([r0, r1])]
    }

    fn slot(&self, place: u64) -> Option<&AtomicU32> {
        self.slots.get(usize::try_from(place & (self.room() - 1)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(places: std::ops::Range<i16>) -> Vec<Sample> {
        places.map(|place| [place, -place]).collect()
    }

    #[test]
    fn samples_come_out_at_their_places() {
        let ring = Ring::new(1000);
        assert_eq!(ring.room(), 1024);
        let mut heard = Vec::new();
        for round in 0..30 {
            ring.put(ring.written(), &numbered(round * 100..round * 100 + 100));
            heard.extend(ring.take(100));
        }
        assert_eq!(heard, numbered(0..3000));
    }

    #[test]
    fn what_is_not_there_in_time_is_silence_and_moves_nothing() {
        let ring = Ring::new(64);
        ring.put(0, &numbered(0..10));
        assert_eq!(
            ring.take(20).collect::<Vec<_>>()[9..],
            [[9, -9]; 1].into_iter().chain([[0, 0]; 10]).collect::<Vec<_>>()
        );
        // Too late for 10 to 20; what was asked for then begins at 25.
        ring.put(25, &numbered(25..30));
        let heard: Vec<_> = ring.take(10).collect();
        assert_eq!(heard[..5], [[0, 0]; 5]);
        assert_eq!(heard[5..], numbered(25..30));
    }

    #[test]
    fn what_was_rewound_is_not_heard() {
        let ring = Ring::new(64);
        ring.put(0, &numbered(0..40));
        assert_eq!(ring.take(10).count(), 10);
        ring.rewind(20);
        assert_eq!(ring.written(), 20);
        ring.put(20, &numbered(100..110));
        let heard: Vec<_> = ring.take(20).collect();
        assert_eq!(heard, [numbered(10..20), numbered(100..110)].concat());
        ring.rewind(50);
        assert_eq!(ring.written(), 30, "there is nothing to forget");
    }
}
