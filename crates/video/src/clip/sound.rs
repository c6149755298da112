//! Sound of a clip, as samples.

use super::Clip;
use crate::{
    VideoError,
    pipe::Ask,
    sound::{Passage, Sample},
};

/// Most samples that are asked for at once: a second at the highest rate.
const MOST: u32 = Passage::MOST_HZ;

impl Clip {
    /// Whether there is sound that can be decoded.
    pub fn has_sound(&self) -> bool {
        self.probe.audio.is_some()
    }

    /// Sound of a passage from its sample `at` on: at most `most` samples of it, fewer when decoding takes its time,
    /// and none when it has to be asked for again. Silence where the clip has no sound. What follows on what was asked
    /// last comes quickest.
    ///
    /// # Errors
    /// `ChildEnded`, and `Bytes` when the source fails.
    pub fn sound(&self, passage: Passage, at: u64, most: u32) -> Result<Vec<Sample>, VideoError> {
        let hz = passage.hz.clamp(Passage::LEAST_HZ, Passage::MOST_HZ);
        let most = most.min(MOST);
        let ask = Ask::Sound { passage: Passage { hz, ..passage }, at, most };
        let (_, bytes) = self.link.collect(&ask, most as usize * size_of::<Sample>())?;
        if !bytes.len().is_multiple_of(size_of::<Sample>()) {
            return Err(self.link.distrust());
        }
        let samples = bytes.chunks_exact(4).filter_map(|bytes| match *bytes {
            [l0, l1, r0, r1] => Some([i16::from_le_bytes([l0, l1]), i16::from_le_bytes([r0, r1])]),
            _ => None,
        });
        Ok(samples.collect())
    }
}
