//! Pictures at another size or in another pixel format.
//!
//! **Invariant:** the matrix and range are said on both sides, so nothing changes that was not asked for. A
//! buffer always has the room that FFmpeg may write.
#![expect(unsafe_code, reason = "colour details of libswscale have no safe wrapper")]

use std::ptr;

use ffmpeg_next::{ffi, format::Pixel, frame};

use super::{colour::Colour, limits};
use crate::VideoError;

/// FFmpeg's assembly writes whole vectors; rows are padded to this.
const ALIGN: usize = 32;

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Planar 4:2:0, 8 bit. Samples mean what they meant in the source.
    I420,
    /// Planar 4:2:0, 8 bit, limited range, same matrix as the source.
    LimitedI420,
    /// Planar 4:2:0 for BT.709 in limited range, from RGB.
    Bt709I420,
    /// R'G'B' of 16 bits in native byte order, full range, by the source's matrix.
    Rgb48,
    /// R'G'B' of 8 bits, likewise.
    Rgb24,
}

/// A picture in plain memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planes {
    /// Planes one after another.
    pub bytes: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes a row of the first plane.
    pub stride: usize,
    /// Bytes a row of the second and third planes; 0 when there is one.
    pub chroma_stride: usize,
}

/// Scales pictures of one kind. Keeps its tables while sizes and formats stay.
#[derive(Default)]
pub struct Scaler {
    context: Option<Context>,
}

struct Context {
    raw: *mut ffi::SwsContext,
    key: Key,
}

// SAFETY: a context belongs to one scaler and is only used through `&mut`.
unsafe impl Send for Context {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    format: i32,
    from: (u32, u32),
    to: (u32, u32),
    target: Target,
    colour: Colour,
    fine: bool,
}

impl Target {
    fn format(self) -> Pixel {
        match self {
            Self::I420 | Self::LimitedI420 | Self::Bt709I420 => Pixel::YUV420P,
            Self::Rgb48 if cfg!(target_endian = "big") => Pixel::RGB48BE,
            Self::Rgb48 => Pixel::RGB48LE,
            Self::Rgb24 => Pixel::RGB24,
        }
    }

    fn pixel_bytes(self) -> usize {
        match self {
            Self::Rgb48 => 6,
            Self::Rgb24 => 3,
            _ => 1,
        }
    }

    fn is_planar(self) -> bool {
        self.pixel_bytes() == 1
    }
}

impl Planes {
    /// Room for a picture.
    pub fn new(target: Target, width: u32, height: u32) -> Result<Self, VideoError> {
        limits::picture(width, height)?;
        let (w, h) = (width as usize, height as usize);
        let stride = (w * target.pixel_bytes()).next_multiple_of(ALIGN);
        let chroma_stride = if target.is_planar() { w.div_ceil(2).next_multiple_of(ALIGN) } else { 0 };
        let len = stride * h + 2 * chroma_stride * h.div_ceil(2);
        Ok(Self { bytes: vec![0; len + ALIGN], width, height, stride, chroma_stride })
    }

    /// Bytes of the planes, without what stands behind them.
    pub fn len(&self) -> usize {
        let h = self.height as usize;
        self.stride * h + 2 * self.chroma_stride * h.div_ceil(2)
    }

    /// Where the three planes begin.
    pub fn offsets(&self) -> [usize; 3] {
        let h = self.height as usize;
        let u = self.stride * h;
        [0, u, u + self.chroma_stride * h.div_ceil(2)]
    }
}

impl Scaler {
    /// A picture at another size. `fine` takes longer and looks better; pictures for the eye at rest.
    pub fn scale(
        &mut self,
        picture: &frame::Video,
        colour: Colour,
        (width, height): (u32, u32),
        target: Target,
        fine: bool,
    ) -> Result<Planes, VideoError> {
        // SAFETY: the frame was filled by a decoder: its planes are valid for its format and size.
        let (format, data, strides) = unsafe {
            let raw = picture.as_ptr();
            ((*raw).format, (*raw).data, (*raw).linesize)
        };
        let from = (picture.width(), picture.height());
        limits::picture(from.0, from.1)?;
        let key = Key { format: plain(format), from, to: (width, height), target, colour, fine };
        self.run(key, data.map(<*mut u8>::cast_const), strides)
    }

    /// RGB24 rows to video planes of the same size.
    pub fn encode_rgb(&mut self, rgb: &Planes) -> Result<Planes, VideoError> {
        let size = (rgb.width, rgb.height);
        let colour = Colour { matrix: 1, full_range: true, transfer: 1, primaries: 1 };
        let format: ffi::AVPixelFormat = Pixel::RGB24.into();
        let key = Key {
            format: format as i32,
            from: size,
            to: size,
            target: Target::Bt709I420,
            colour,
            fine: true,
        };
        if rgb.stride < rgb.width as usize * 3 || rgb.bytes.len() < rgb.stride * rgb.height as usize {
            return Err(VideoError::internal("a picture with too few bytes"));
        }
        let mut data = [ptr::null(); 8];
        let mut strides = [0; 8];
        data[0] = rgb.bytes.as_ptr();
        strides[0] = i32::try_from(rgb.stride).map_err(VideoError::internal)?;
        self.run(key, data, strides)
    }

    fn run(&mut self, key: Key, data: [*const u8; 8], strides: [i32; 8]) -> Result<Planes, VideoError> {
        let mut out = Planes::new(key.target, key.to.0, key.to.1)?;
        let raw = self.context(key)?;
        let base = out.bytes.as_mut_ptr();
        let [y, u, v] = out.offsets().map(|offset| base.wrapping_add(offset));
        let row = |bytes: usize| i32::try_from(bytes).map_err(VideoError::internal);
        let (luma, chroma) = (row(out.stride)?, row(out.chroma_stride)?);
        let none = ptr::null_mut();
        let (to, to_strides) = if key.target.is_planar() {
            ([y, u, v, none], [luma, chroma, chroma, 0])
        } else {
            ([y, none, none, none], [luma, 0, 0, 0])
        };
        let rows = i32::try_from(key.from.1).map_err(VideoError::internal)?;
        // SAFETY: the context was made for this format and size; input planes are valid for them (see callers),
        // output planes have whole padded rows and room for one more vector.
        let done = unsafe {
            ffi::sws_scale(raw, data.as_ptr(), strides.as_ptr(), 0, rows, to.as_ptr(), to_strides.as_ptr())
        };
        if done <= 0 {
            return Err(VideoError::internal("a picture that could not be scaled"));
        }
        Ok(out)
    }

    fn context(&mut self, key: Key) -> Result<*mut ffi::SwsContext, VideoError> {
        if let Some(context) = self.context.as_ref().filter(|context| context.key == key) {
            return Ok(context.raw);
        }
        let context = Context::new(key)?;
        let raw = context.raw;
        self.context = Some(context);
        Ok(raw)
    }
}

impl Context {
    fn new(key: Key) -> Result<Self, VideoError> {
        let number = |side: u32| i32::try_from(side).map_err(VideoError::internal);
        let mut flags = if key.fine {
            ffi::SWS_BICUBIC | ffi::SWS_ACCURATE_RND | ffi::SWS_FULL_CHR_H_INT | ffi::SWS_FULL_CHR_H_INP
        } else {
            ffi::SWS_BILINEAR
        };
        if key.target == Target::Rgb48 {
            flags |= ffi::SWS_ACCURATE_RND | ffi::SWS_FULL_CHR_H_INT;
        }
        let (target_matrix, target_full) = match key.target {
            Target::I420 => (key.colour.matrix, key.colour.full_range),
            Target::LimitedI420 => (key.colour.matrix, false),
            Target::Bt709I420 => (1, false),
            Target::Rgb48 | Target::Rgb24 => (key.colour.matrix, true),
        };
        let format = key.format;
        // SAFETY: the formats are valid numbers (`plain` checked the source), the coefficient tables are static,
        // and a null context is caught.
        unsafe {
            let source = std::mem::transmute::<i32, ffi::AVPixelFormat>(format);
            let raw = ffi::sws_getContext(
                number(key.from.0)?,
                number(key.from.1)?,
                source,
                number(key.to.0)?,
                number(key.to.1)?,
                key.target.format().into(),
                flags,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            );
            if raw.is_null() {
                return Err(VideoError::BadClip(
                    "The pictures of this clip have a format that Limpet cannot show. The original clip is needed."
                        .into(),
                ));
            }
            // Has no effect where neither side is Y'CbCr of this kind; that is not an error.
            ffi::sws_setColorspaceDetails(
                raw,
                ffi::sws_getCoefficients(coefficients(key.colour.matrix)),
                i32::from(key.colour.full_range),
                ffi::sws_getCoefficients(coefficients(target_matrix)),
                i32::from(target_full),
                0,
                1 << 16,
                1 << 16,
            );
            Ok(Self { raw, key })
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made by `sws_getContext`, freed once.
        unsafe { ffi::sws_freeContext(self.raw) }
    }
}

/// libswscale's numbers of the matrices.
fn coefficients(matrix: u8) -> i32 {
    match matrix {
        6 => ffi::SWS_CS_ITU601,
        9 => ffi::SWS_CS_BT2020,
        _ => ffi::SWS_CS_ITU709,
    }
}

/// FFmpeg's old full range formats by their plain names: the range is said separately, and would otherwise be
/// converted behind our back. Unknown numbers become one that no context is made for.
fn plain(format: i32) -> i32 {
    use ffi::AVPixelFormat::{
        AV_PIX_FMT_NB, AV_PIX_FMT_NONE, AV_PIX_FMT_YUV411P, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P,
        AV_PIX_FMT_YUV440P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUVJ420P,
        AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUVJ444P,
    };
    let known = if (0..AV_PIX_FMT_NB as i32).contains(&format) { format } else { AV_PIX_FMT_NONE as i32 };
    [
        (AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P),
        (AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P),
        (AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P),
        (AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P),
        (AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P),
    ]
    .into_iter()
    .find(|(old, _)| *old as i32 == format)
    .map_or(known, |(_, plain)| plain as i32)
}
