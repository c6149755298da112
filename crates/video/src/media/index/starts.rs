//! Where decoding has to start for a picture.
//!
//! **Invariant:** from there on everything that the picture leans on is decoded, in open groups of pictures, too.

use super::Sample;

/// Where decoding has to start for a picture: at the last clean packet up to its own that is not shown later. A
/// picture shown before its key frame leans on what came before that.
pub struct Starts<'a> {
    samples: &'a [Sample],
    /// For each packet, the last clean one up to and with it.
    clean: Vec<Option<usize>>,
}

impl<'a> Starts<'a> {
    /// Key frames looked at for one picture. Further back only files lie that were made to waste time.
    const HOPS: usize = 64;

    /// Of these packets, whose frames have their numbers.
    pub fn new(samples: &'a [Sample]) -> Self {
        let mut last = None;
        let clean = samples.iter().enumerate().map(|(at, sample)| {
            last = if sample.clean { Some(at) } else { last };
            last
        });
        let clean = clean.collect();
        Self { samples, clean }
    }

    /// The packet to start at for the picture of a packet, which is shown as this number at this time.
    pub fn of(&self, sample: usize, number: u32, pts: i64) -> usize {
        let before = |at: &usize| at.checked_sub(1).and_then(|at| self.clean.get(at).copied().flatten());
        let nearest = self.clean.get(sample).copied().flatten();
        let keys = std::iter::successors(nearest, before).take(Self::HOPS);
        let not_later = |at: &usize| {
            let key = self.samples.get(*at);
            key.is_some_and(|key| key.frame.map_or(key.pts <= pts, |shown| shown <= number))
        };
        keys.into_iter().find(not_later).unwrap_or(0)
    }
}
