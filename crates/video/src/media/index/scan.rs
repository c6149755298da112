//! Packets going by: for each, whether decoding can start there, whether it is shown, and whether it is one picture.
//!
//! **Invariant:** of a packet whose bytes are here its own bitstream decides; the container is asked only about the
//! rest.

use std::collections::HashSet;

use ffmpeg_next::{Packet, codec::Id};

use super::{
    Sample,
    look::{Glance, Look},
};
use crate::{
    VideoError,
    media::{
        demuxer::Track,
        limits,
        nal::{AvcPicture, HevcPicture, Packing},
    },
};

/// What is known while packets go by.
pub struct Scan {
    /// What went by.
    pub samples: Vec<Sample>,
    /// Where key frames lie by the container's word.
    pub said_keys: HashSet<i64>,
    /// Whether every packet so far is known to be one picture, or known to be none.
    pub trusted: bool,
    /// Whether some packet holds more than one picture.
    pub packed: bool,
    /// Whether some picture is shown before others that are decoded before it.
    pub leans_on_later: bool,
    codec: Id,
    packing: Packing,
    sequence: Sequence,
    layers: Layers,
}

/// Temporal layers of an HEVC clip.
#[derive(Default)]
struct Layers {
    /// The highest there is.
    top: u8,
    /// The lowest that has a picture on which none of its own layer leans. Higher ones still may.
    leaf: Option<u8>,
}

/// Where an HEVC sequence stands.
struct Sequence {
    /// RASL pictures go unshown: their CRA was the first picture, or follows the end of a sequence.
    broken_link: bool,
    ended: bool,
}

impl Scan {
    /// Nothing yet, of a track.
    pub fn new(track: &Track) -> Self {
        let packing = match track.codec {
            Id::H264 => Packing::of_avc(&track.facts.extradata),
            _ => Packing::of_hevc(&track.facts.extradata),
        };
        let container = matches!(track.container.as_str(), "mp4" | "mov" | "webm" | "matroska");
        let codec =
            matches!(track.codec, Id::H264 | Id::HEVC | Id::VP8 | Id::VP9 | Id::AV1 | Id::MJPEG | Id::PRORES);
        Self {
            codec: track.codec,
            packing,
            samples: Vec::new(),
            said_keys: HashSet::new(),
            trusted: container && codec,
            packed: false,
            leans_on_later: false,
            sequence: Sequence { broken_link: false, ended: true },
            layers: Layers::default(),
        }
    }

    /// Whether a picture that says that no other leans on it can be believed: HEVC says so of one layer alone.
    pub fn tells_leaves(&self) -> bool {
        self.layers.leaf.is_none_or(|leaf| leaf == self.layers.top)
    }

    /// Looks at the next packet of the track; `seen` when its bytes have arrived.
    pub fn add(&mut self, packet: &Packet, seen: bool) -> Result<(), VideoError> {
        let data = packet.data().unwrap_or_default();
        let look = if seen { Look::at(data, self.codec, self.packing) } else { Look::Nothing };
        let mut sample = Sample::read(packet, packet.is_key());
        sample.seen = seen;
        self.note(sample, look)
    }

    /// How to look at packets whose bytes are not in hand. `None` where that takes all of them.
    pub fn glance(&self) -> Option<Glance> {
        Glance::at_packets_of(self.codec, self.packing)
    }

    /// Takes the next packet, clean as far as the container says, and what its own bytes say where they are here.
    pub fn note(&mut self, mut sample: Sample, look: Look) -> Result<(), VideoError> {
        if self.samples.len() >= limits::PACKETS {
            return Err(VideoError::TooLarge(
                "This clip has more than two million pictures, which is more than Limpet can review. A \
                 shorter one is needed."
                    .into(),
            ));
        }
        let first = self.samples.is_empty();
        match look {
            // Not there yet: what the container says of it has to do.
            _ if !sample.seen => {
                sample.clean |= self.said_keys.contains(&sample.pos);
                self.trusted &= !first;
            }
            Look::Avc { picture, leans_on_later } => {
                self.leans_on_later |= leans_on_later;
                sample.clean =
                    picture == AvcPicture::Idr || (sample.clean && picture == AvcPicture::RecoveryPoint);
                self.trusted &= !first || picture == AvcPicture::Idr;
            }
            Look::Hevc { picture, ends, layer } => {
                if let Some((layer, leaf)) = layer {
                    self.layers.top = self.layers.top.max(layer);
                    if leaf {
                        self.layers.leaf = Some(self.layers.leaf.map_or(layer, |lowest| lowest.min(layer)));
                    }
                }
                sample.clean = matches!(picture, HevcPicture::Idr | HevcPicture::Cra | HevcPicture::Bla);
                if sample.clean {
                    self.sequence.broken_link = picture == HevcPicture::Bla
                        || (picture == HevcPicture::Cra && std::mem::take(&mut self.sequence.ended));
                }
                self.sequence.ended = ends;
                sample.hidden |= picture == HevcPicture::Rasl && self.sequence.broken_link;
                self.trusted &= !first || sample.clean;
            }
            Look::Vp8 { hidden } => sample.hidden |= hidden,
            Look::Mpeg { clean, packed } => {
                sample.clean = clean;
                self.packed |= packed;
            }
            // The container can be believed about these.
            Look::Nothing
                if matches!(self.codec, Id::VP9 | Id::AV1 | Id::MJPEG | Id::PRORES | Id::THEORA) => {}
            // A decoder that begins in the wrong place shows something all the same: only the beginning is safe.
            Look::Nothing => sample.clean = first,
        }
        sample.clean |= first;
        self.trusted &= sample.timed;
        self.samples.push(sample);
        Ok(())
    }
}
