//! Packets going by: for each, whether decoding can start there, whether it is shown, and whether it is one picture.
//!
//! **Invariant:** of a packet whose bytes are here its own bitstream decides; the container is asked only about the
//! rest.

use std::collections::HashSet;

use ffmpeg_next::{Packet, codec::Id};

use super::Sample;
use crate::{
    VideoError,
    media::{
        demuxer::Track,
        limits,
        nal::{self, AvcPicture, HevcPicture, Packing},
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
        if self.samples.len() >= limits::PACKETS {
            return Err(VideoError::TooLarge(
                "This clip has more than two million pictures, which is more than Limpet can review. A \
                 shorter one is needed."
                    .into(),
            ));
        }
        let data = packet.data().unwrap_or_default();
        let first = self.samples.is_empty();
        let mut clean = packet.is_key();
        let mut unshown = false;
        match self.codec {
            // Not there yet: what the container says of it has to do.
            _ if !seen => {
                clean |= self.said_keys.contains(&(packet.position() as i64));
                self.trusted &= !first;
            }
            Id::H264 => {
                let picture = nal::avc_picture(&self.packing.units(data));
                clean = picture == AvcPicture::Idr || (clean && picture == AvcPicture::RecoveryPoint);
                self.trusted &= !first || picture == AvcPicture::Idr;
            }
            Id::HEVC => {
                let units = self.packing.units(data);
                let (picture, ends) = nal::hevc_picture(&units);
                if let Some((layer, leaf)) = nal::hevc_layer(&units) {
                    self.layers.top = self.layers.top.max(layer);
                    if leaf {
                        self.layers.leaf = Some(self.layers.leaf.map_or(layer, |lowest| lowest.min(layer)));
                    }
                }
                clean = matches!(picture, HevcPicture::Idr | HevcPicture::Cra | HevcPicture::Bla);
                if clean {
                    self.sequence.broken_link = picture == HevcPicture::Bla
                        || (picture == HevcPicture::Cra && std::mem::take(&mut self.sequence.ended));
                }
                self.sequence.ended = ends;
                unshown = picture == HevcPicture::Rasl && self.sequence.broken_link;
                self.trusted &= !first || clean;
            }
            Id::VP8 => unshown = nal::vp8_is_hidden(data),
            Id::MPEG1VIDEO | Id::MPEG2VIDEO => clean = nal::mpeg2_is_intra(data),
            Id::MPEG4 => {
                clean = nal::mpeg4_is_intra(data);
                self.packed |= nal::mpeg4_is_packed(data);
            }
            Id::H263 => clean = nal::h263_is_intra(data),
            Id::VP9 | Id::AV1 | Id::MJPEG | Id::PRORES | Id::THEORA => {}
            // A decoder that begins in the wrong place shows something all the same: only the beginning is safe.
            _ => clean = first,
        }
        clean |= first;
        self.trusted &= packet.pts().is_some();
        let mut sample = Sample::read(packet, clean);
        sample.hidden |= unshown;
        sample.seen = seen;
        self.samples.push(sample);
        Ok(())
    }
}
