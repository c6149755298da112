//! The frame socket: decoder child -> loopback WebSocket -> WebGL2.
//!
//! The UI sends [`FrameRequest`] as JSON text. The child sends [`FrameEvent`] as JSON text and every picture as
//! one binary message: a [`FrameHeader`] of [`FrameHeader::LEN`] bytes, then the Y, U and V planes of an I420
//! picture (8 bit, planes one after another, `stride` bytes a row).
//!
//! **Invariant:** the newest request wins. A picture carries the generation of the request it answers, or that was the
//! newest when it was brought; the UI never draws a generation older than the one it has drawn.

use limpet_model::{Micros, Timebase};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Failure;

/// UI to child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FrameRequest {
    /// Show one frame. Overwrites every earlier request that is not finished.
    Show {
        /// Counts up with every request to show or to see.
        generation: u32,
        /// Frame number in display order, from zero.
        frame: u32,
        /// Longest useful width in device pixels, before rotation is undone; 0 means full resolution.
        max_width: u32,
        /// Longest useful height in device pixels, before rotation is undone; 0 means full resolution.
        max_height: u32,
        /// Whether a near frame helps while the exact one is on its way (a drag), or only the exact one (a step).
        near_first: bool,
    },
    /// The window shows one frame by itself, whose exact picture it holds: the eye is there now. Overwrites every earlier
    /// request. Nothing answers it.
    See {
        /// Counts up with every request to show or to see.
        generation: u32,
        /// Frame number in display order, from zero.
        frame: u32,
        /// As it was asked for.
        max_width: u32,
        /// As it was asked for.
        max_height: u32,
    },
    /// Send an exact picture ahead of its being wanted, as soon as it was decoded: nothing is decoded for this alone.
    /// Overwritten by every later request. That there is none is not said.
    Bring {
        /// Of the newest request to show or to see.
        generation: u32,
        /// Frame number in display order, from zero.
        frame: u32,
        /// As for a frame to be shown.
        max_width: u32,
        /// As for a frame to be shown.
        max_height: u32,
    },
}

/// Child to UI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FrameEvent {
    /// The clip is open and indexed. Only a first picture, near and of generation 0, can come before it.
    Ready {
        /// What it is.
        clip: ClipIndex,
        /// Whether all of it is here. While it arrives, `Ready` comes again whenever more is known.
        whole: bool,
    },
    /// Which frames can be shown, of a clip that is still arriving: first and last of each run.
    Arrived {
        /// Runs in order, with gaps between them.
        runs: Vec<(u32, u32)>,
    },
    /// The bytes of the frame asked for have not arrived. The answer follows when they have.
    Waiting {
        /// The request.
        generation: u32,
    },
    /// How the clip's colours become those of an ordinary screen, for clips whose are others. Comes before the first
    /// picture that needs it.
    Tones {
        /// Transfer function, as in the header of a picture.
        transfer: u8,
        /// Primaries, as in the header of a picture.
        primaries: u8,
        /// Base64 of 33 x 33 x 33 R'G'B' samples, 8 bit, red fastest, then green, then blue; to be read between the
        /// four nodes of a tetrahedron.
        table: String,
    },
    /// A frame could not be shown; the socket stays open.
    Failed {
        /// The request it answers.
        generation: u32,
        /// What to tell the person.
        failure: Failure,
    },
}

/// What the UI needs to step, scrub and draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClipIndex {
    /// Stored width, pixels.
    pub width: u32,
    /// Stored height, pixels.
    pub height: u32,
    /// Sample aspect ratio, numerator.
    pub sar_num: u32,
    /// Sample aspect ratio, denominator.
    pub sar_den: u32,
    /// Degrees clockwise to turn the stored picture so that it stands upright: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether the stored picture is mirrored left to right before it is turned.
    pub reflected: bool,
    /// Seconds per tick.
    pub timebase: Timebase,
    /// Time of every displayed frame, in display order, from the start of the clip.
    pub times: Vec<Micros>,
    /// Numbers of the frames that can be decoded on their own.
    pub keys: Vec<u32>,
    /// Length of the clip.
    pub duration: Micros,
    /// How much is missing at its end, because the file was cut off; 0 for a whole clip.
    pub missing: Micros,
    /// Whether frame durations differ.
    pub vfr: bool,
}

/// Colour matrix, as numbered by ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Matrix {
    /// BT.709.
    Bt709 = 1,
    /// BT.601.
    Bt601 = 6,
    /// BT.2020 non-constant luminance.
    Bt2020 = 9,
}

/// Transfer function, as numbered by ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Transfer {
    /// Any standard-range curve; shown as it is.
    Sdr = 1,
    /// PQ, SMPTE ST 2084.
    Pq = 16,
    /// Hybrid log-gamma, ARIB STD-B67.
    Hlg = 18,
}

/// What stands before the planes. Little endian, in this order, 40 bytes:
///
/// | offset | type | field |
/// |---|---|---|
/// | 0 | u32 | generation |
/// | 4 | u32 | frame |
/// | 8 | i64 | pts, ticks |
/// | 16 | u32 | width of the planes, pixels |
/// | 20 | u32 | height of the planes, pixels |
/// | 24 | u32 | bytes a row of Y |
/// | 28 | u32 | bytes a row of U and of V |
/// | 32 | u8 | bits: 1 exact (0 near), 2 hurt: the decoder had to make up a part of it, 4 ahead: not wanted yet |
/// | 33 | u8 | matrix |
/// | 34 | u8 | 1 when full range |
/// | 35 | u8 | transfer |
/// | 36 | u16 | rotation, degrees clockwise |
/// | 38 | u8 | 1 when reflected |
/// | 39 | u8 | primaries (H.273): 1 BT.709, 9 BT.2020, 12 Display P3 |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    clippy::struct_excessive_bools,
    reason = "the table above is the documentation and the form"
)]
pub struct FrameHeader {
    pub generation: u32,
    pub frame: u32,
    pub pts: i64,
    pub width: u32,
    pub height: u32,
    pub stride_y: u32,
    pub stride_uv: u32,
    pub exact: bool,
    pub hurt: bool,
    pub ahead: bool,
    pub matrix: Matrix,
    pub full_range: bool,
    pub transfer: Transfer,
    pub rotation: u16,
    pub reflected: bool,
    pub primaries: u8,
}

impl FrameHeader {
    /// Length in bytes.
    pub const LEN: usize = 40;

    /// The header as it is sent.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let words = [self.width, self.height, self.stride_y, self.stride_uv];
        let (ids, rest) = out.split_at_mut(8);
        let (pts, rest) = rest.split_at_mut(8);
        let (sizes, tail) = rest.split_at_mut(16);
        ids.copy_from_slice(&[self.generation.to_le_bytes(), self.frame.to_le_bytes()].concat());
        pts.copy_from_slice(&self.pts.to_le_bytes());
        sizes.copy_from_slice(&words.map(u32::to_le_bytes).concat());
        let [low, high] = self.rotation.to_le_bytes();
        tail.copy_from_slice(&[
            u8::from(self.exact) | u8::from(self.hurt) << 1 | u8::from(self.ahead) << 2,
            self.matrix as u8,
            u8::from(self.full_range),
            self.transfer as u8,
            low,
            high,
            u8::from(self.reflected),
            self.primaries,
        ]);
        out
    }

    /// A header as it came, and the planes behind it; `None` when it is not one.
    pub fn decode(message: &[u8]) -> Option<(Self, &[u8])> {
        let (header, planes) = message.split_first_chunk::<{ Self::LEN }>()?;
        let word = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let byte = |at: usize| header.get(at).copied();
        let matrix = [Matrix::Bt709, Matrix::Bt601, Matrix::Bt2020];
        let transfer = [Transfer::Sdr, Transfer::Pq, Transfer::Hlg];
        let decoded = Self {
            generation: word(0)?,
            frame: word(4)?,
            pts: i64::from_le_bytes(header.get(8..16)?.try_into().ok()?),
            width: word(16)?,
            height: word(20)?,
            stride_y: word(24)?,
            stride_uv: word(28)?,
            exact: byte(32)? & 1 != 0,
            hurt: byte(32)? & 2 != 0,
            ahead: byte(32)? & 4 != 0,
            matrix: matrix.into_iter().find(|known| Some(*known as u8) == byte(33))?,
            full_range: byte(34)? == 1,
            transfer: transfer.into_iter().find(|known| Some(*known as u8) == byte(35))?,
            rotation: u16::from_le_bytes([byte(36)?, byte(37)?]),
            reflected: byte(38)? == 1,
            primaries: byte(39)?,
        };
        Some((decoded, planes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_out_as_it_went_in() {
        let header = FrameHeader {
            generation: 7,
            frame: 1 << 20,
            pts: -600,
            width: 1280,
            height: 719,
            stride_y: 1280,
            stride_uv: 640,
            exact: true,
            hurt: false,
            ahead: true,
            matrix: Matrix::Bt2020,
            full_range: false,
            transfer: Transfer::Hlg,
            rotation: 270,
            reflected: true,
            primaries: 9,
        };
        let mut message = header.encode().to_vec();
        message.extend_from_slice(b"planes");
        assert_eq!(FrameHeader::decode(&message), Some((header, b"planes".as_slice())));
        assert_eq!(FrameHeader::decode(&message[..39]), None);
        message[33] = 77;
        assert_eq!(FrameHeader::decode(&message), None);
    }
}
