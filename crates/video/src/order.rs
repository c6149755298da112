//! In which order frames are visited.

use serde::{Deserialize, Serialize};

/// An order over every displayed frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Order {
    /// First to last.
    Forward,
    /// Last to first.
    Reverse,
    /// Every frame once, in an order that depends on nothing but the seed.
    Shuffle {
        /// Any number.
        seed: u64,
    },
}

impl Order {
    /// The frame numbers in this order.
    pub fn frames(self, count: u32) -> Vec<u32> {
        let mut frames: Vec<u32> = (0..count).collect();
        match self {
            Self::Forward => {}
            Self::Reverse => frames.reverse(),
            Self::Shuffle { seed } => shuffle(&mut frames, seed),
        }
        frames
    }
}

/// Fisher-Yates over SplitMix64 (Steele, Lea, Flood 2014): the same order on every platform.
fn shuffle(frames: &mut [u32], mut state: u64) {
    for last in (1..frames.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let other = mixed % (last as u64 + 1);
        frames.swap(last, usize::try_from(other).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_visits_every_frame_once_and_repeats() {
        let once = Order::Shuffle { seed: 7 }.frames(100);
        assert_eq!(once, Order::Shuffle { seed: 7 }.frames(100));
        assert_ne!(once, Order::Shuffle { seed: 8 }.frames(100));
        let mut sorted = once.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, Order::Forward.frames(100));
        assert_ne!(once, sorted);
    }
}
