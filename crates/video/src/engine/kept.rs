//! What is kept of a decoded frame: its planes at view size for the review room, its hash, or
//! the picture itself.

use std::sync::Arc;

use ffmpeg_next::frame;
use limpet_wire::frames::FrameHeader;

use super::{Keep, Weight};
use crate::{
    VideoError,
    media::{
        colour::Colour,
        demuxer::Track,
        index::Index,
        planes,
        scaler::{Scaler, Target},
    },
};

/// A frame as the frame socket sends it: a header whose generation and exactness are filled in on sending, and
/// the planes.
#[derive(Debug)]
pub struct View {
    /// Generation 0, exact.
    pub header: FrameHeader,
    /// Y, U and V.
    pub planes: Vec<u8>,
}

impl Weight for View {
    fn weight(&self) -> usize {
        self.planes.capacity() + size_of::<Self>()
    }
}

impl View {
    /// One binary message of the frame socket.
    pub fn message(&self, generation: u32, exact: bool) -> Vec<u8> {
        self.headed(FrameHeader { generation, exact, ..self.header })
    }

    /// The same of a picture that nobody wants yet.
    pub fn ahead(&self, generation: u32) -> Vec<u8> {
        self.headed(FrameHeader { generation, exact: true, ahead: true, ..self.header })
    }

    fn headed(&self, header: FrameHeader) -> Vec<u8> {
        let header = header.encode();
        let mut message = Vec::with_capacity(header.len() + self.planes.len());
        message.extend_from_slice(&header);
        message.extend_from_slice(&self.planes);
        message
    }
}

/// Keeps planes at one view size.
pub struct Viewer {
    index: Arc<Index>,
    track: Track,
    size: (u32, u32),
    scaler: Scaler,
}

impl Viewer {
    /// Of a clip, at its full size until told otherwise.
    pub fn new(track: Track, index: Arc<Index>) -> Self {
        let size = track.size();
        Self { index, track, size, scaler: Scaler::default() }
    }

    /// Full size, pixels as stored.
    pub fn full(&self) -> (u32, u32) {
        self.track.size()
    }

    /// Views have this size from now on.
    pub fn resize(&mut self, size: (u32, u32)) {
        self.size = size;
    }

    /// Frames are numbered by another index from now on.
    pub fn read_by(&mut self, index: Arc<Index>) {
        self.index = index;
    }

    /// Views fit into this many stored pixels from now on; 0 is no limit. Never enlarges.
    pub fn fit(&mut self, max_width: u32, max_height: u32) {
        self.size = Self::within(self.track.size(), max_width, max_height);
    }

    /// The size of a view that fits.
    pub fn within((width, height): (u32, u32), max_width: u32, max_height: u32) -> (u32, u32) {
        let max_width = if max_width == 0 { width } else { max_width };
        let max_height = if max_height == 0 { height } else { max_height };
        let by_width = u64::from(max_width) * u64::from(height) <= u64::from(max_height) * u64::from(width);
        let (by, of) = if by_width { (max_width, width) } else { (max_height, height) };
        let scale = |side: u32| {
            let scaled = (u64::from(side) * u64::from(by) + u64::from(of) / 2) / u64::from(of.max(1));
            u32::try_from(scaled).unwrap_or(side).clamp(1, side)
        };
        if by >= of { (width, height) } else { (scale(width), scale(height)) }
    }
}

impl Keep for Viewer {
    type Kept = View;

    fn kind(&self) -> (u32, u32) {
        self.size
    }

    fn keep(&mut self, frame: u32, picture: frame::Video, hurt: bool) -> Result<View, VideoError> {
        let colour = Colour::of(&picture);
        let mut planes = self.scaler.scale(&picture, colour, self.size, Target::I420, false)?;
        planes.bytes.truncate(planes.len());
        let row = |bytes: usize| u32::try_from(bytes).map_err(VideoError::internal);
        let header = FrameHeader {
            generation: 0,
            frame,
            pts: self.index.frames.get(frame as usize).map_or(0, |shown| shown.pts),
            width: planes.width,
            height: planes.height,
            stride_y: row(planes.stride)?,
            stride_uv: row(planes.chroma_stride)?,
            exact: true,
            hurt,
            ahead: false,
            matrix: colour.matrix(),
            full_range: colour.full_range,
            transfer: colour.transfer(),
            rotation: self.track.orientation.rotation,
            reflected: self.track.orientation.reflected,
            primaries: colour.primaries,
        };
        Ok(View { header, planes: planes.bytes })
    }
}

/// The hash of a picture in its native pixel format.
#[derive(Debug)]
pub struct Digest(pub [u8; 16]);

impl Weight for Digest {
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

/// Keeps hashes.
pub struct Hasher;

impl Keep for Hasher {
    type Kept = Digest;

    fn kind(&self) -> (u32, u32) {
        (0, 0)
    }

    fn keep(&mut self, _: u32, picture: frame::Video, _: bool) -> Result<Digest, VideoError> {
        planes::md5(&picture).map(Digest)
    }
}

/// A picture as the decoder gave it.
pub struct Decoded(pub frame::Video);

impl Weight for Decoded {
    fn weight(&self) -> usize {
        // Four bytes a pixel is more than all but the rarest formats take.
        self.0.width() as usize * self.0.height() as usize * 4
    }
}

/// Keeps pictures as they are.
pub struct Decoding;

impl Keep for Decoding {
    type Kept = Decoded;

    fn kind(&self) -> (u32, u32) {
        (0, 0)
    }

    fn keep(&mut self, _: u32, picture: frame::Video, _: bool) -> Result<Decoded, VideoError> {
        Ok(Decoded(picture))
    }
}
