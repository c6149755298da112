//! Sketches: small JPEG copies of frames, shown under a moving hand until the exact frame is there.
//!
//! A sketch holds the numbers of its frame as they are, whatever they mean: its header says that, as a view's does. A
//! 540-line sketch takes about 25 KB, 5 ms to make and 2 ms to read (both on one core).
//!
//! **Invariant:** a sketch is never sent as exact.

use std::sync::Arc;

use ffmpeg_next::{Dictionary, Packet, Rational, codec, codec::Id, decoder, encoder, format::Pixel, frame};
use limpet_wire::frames::FrameHeader;

use super::{Keep, View, Viewer, Weight};
use crate::VideoError;

/// Lines of a sketch of a lying picture; columns of a standing one.
const LINES: u32 = 540;
/// JPEG quantiser, 1 best to 31 smallest.
const QUALITY: &str = "5";

/// A frame, small.
#[derive(Debug)]
pub struct Sketch {
    header: FrameHeader,
    jpeg: Vec<u8>,
}

impl Weight for Sketch {
    fn weight(&self) -> usize {
        self.jpeg.capacity() + size_of::<Self>()
    }
}

/// Makes sketches.
pub struct Sketcher {
    viewer: Viewer,
    encoder: Option<(encoder::video::Encoder, (u32, u32))>,
    /// Sketches made: an encoder refuses a picture that is not later than the one before.
    made: i64,
}

impl Sketcher {
    /// Of what a viewer sees, smaller.
    pub fn new(mut viewer: Viewer) -> Self {
        let (width, height) = viewer.full();
        // Twice as wide as high at most: the longer side of anything usual is free.
        if width >= height {
            viewer.fit(0, LINES);
        } else {
            viewer.fit(LINES, 0);
        }
        Self { viewer, encoder: None, made: 0 }
    }

    /// The viewer it looks through.
    pub fn viewer(&mut self) -> &mut Viewer {
        &mut self.viewer
    }
}

impl Keep for Sketcher {
    type Kept = Sketch;

    fn kind(&self) -> (u32, u32) {
        self.viewer.kind()
    }

    fn keep(&mut self, frame: u32, picture: frame::Video, hurt: bool) -> Result<Sketch, VideoError> {
        let view = self.viewer.keep(frame, picture, hurt)?;
        let size = (view.header.width, view.header.height);
        if self.encoder.as_ref().is_none_or(|(_, of)| *of != size) {
            self.encoder = Some((open_encoder(size)?, size));
        }
        let Some((encoder, _)) = &mut self.encoder else { return Err(VideoError::internal("no encoder")) };
        let mut laid_out = lay_out(&view)?;
        self.made += 1;
        laid_out.set_pts(Some(self.made));
        encoder.send_frame(&laid_out).map_err(VideoError::internal)?;
        let mut packet = Packet::empty();
        encoder.receive_packet(&mut packet).map_err(VideoError::internal)?;
        Ok(Sketch { header: view.header, jpeg: packet.data().unwrap_or_default().to_vec() })
    }
}

fn open_encoder((width, height): (u32, u32)) -> Result<encoder::video::Encoder, VideoError> {
    let codec = encoder::find(Id::MJPEG).ok_or_else(|| VideoError::internal("no JPEG encoder"))?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().map_err(VideoError::internal)?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(Pixel::YUVJ420P);
    video.set_time_base(Rational::new(1, 1000));
    let mut options = Dictionary::new();
    options.set("threads", "1");
    options.set("flags", "+qscale");
    options.set("qmin", QUALITY);
    options.set("qmax", QUALITY);
    video.open_as_with(codec, options).map_err(VideoError::internal)
}

/// The planes of a view as a picture of FFmpeg's.
fn lay_out(view: &View) -> Result<frame::Video, VideoError> {
    let FrameHeader { width, height, stride_y, stride_uv, .. } = view.header;
    let mut picture = frame::Video::new(Pixel::YUVJ420P, width, height);
    let luma = stride_y as usize * height as usize;
    let chroma = stride_uv as usize * height.div_ceil(2) as usize;
    for (number, (from, len, stride)) in
        [(0, luma, stride_y), (luma, chroma, stride_uv), (luma + chroma, chroma, stride_uv)]
            .into_iter()
            .enumerate()
    {
        let plane = view.planes.get(from..from + len).ok_or_else(|| VideoError::internal("a short view"))?;
        let to_stride = picture.stride(number);
        let rows = plane.chunks_exact(stride as usize).zip(picture.data_mut(number).chunks_mut(to_stride));
        for (from, to) in rows {
            let len = from.len().min(to.len());
            if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
                to.copy_from_slice(from);
            }
        }
    }
    Ok(picture)
}

/// Reads sketches.
#[derive(Default)]
pub struct Easel(Option<decoder::Video>);

impl Easel {
    /// A sketch as planes again.
    pub fn view(&mut self, sketch: &Sketch) -> Result<Arc<View>, VideoError> {
        if self.0.is_none() {
            self.0 = Some(open_decoder()?);
        }
        let Some(decoder) = &mut self.0 else { return Err(VideoError::internal("no decoder")) };
        decoder.send_packet(&Packet::copy(&sketch.jpeg)).map_err(VideoError::internal)?;
        let mut picture = frame::Video::empty();
        decoder.receive_frame(&mut picture).map_err(VideoError::internal)?;
        let FrameHeader { width, height, .. } = sketch.header;
        let (luma, chroma) = (width as usize, width.div_ceil(2) as usize);
        let (lines, half) = (height as usize, height.div_ceil(2) as usize);
        let mut planes = Vec::with_capacity(luma * lines + 2 * chroma * half);
        for (number, row, rows) in [(0, luma, lines), (1, chroma, half), (2, chroma, half)] {
            let stride = picture.stride(number).max(1);
            let all = picture.data(number).chunks(stride).take(rows);
            all.for_each(|line| planes.extend_from_slice(line.get(..row).unwrap_or_default()));
        }
        let header =
            FrameHeader { stride_y: width, stride_uv: width.div_ceil(2), exact: false, ..sketch.header };
        Ok(Arc::new(View { header, planes }))
    }
}

fn open_decoder() -> Result<decoder::Video, VideoError> {
    let codec = codec::decoder::find(Id::MJPEG).ok_or_else(|| VideoError::internal("no JPEG decoder"))?;
    let mut options = Dictionary::new();
    options.set("threads", "1");
    codec::Context::new_with_codec(codec)
        .decoder()
        .open_as_with(codec, options)
        .and_then(codec::decoder::Opened::video)
        .map_err(VideoError::internal)
}
