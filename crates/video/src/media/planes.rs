//! A decoded picture as bytes: planes one after another, without padding.
//!
//! **Invariant:** this is the layout FFmpeg's rawvideo encoder makes and framemd5 hashes, for every pixel format.
#![expect(unsafe_code, reason = "only FFmpeg knows the layout of all its pixel formats")]

use ffmpeg_next::{ffi, frame};
use md5::{Digest, Md5};

use super::limits;
use crate::VideoError;

/// The packed picture.
pub fn packed(picture: &frame::Video) -> Result<Vec<u8>, VideoError> {
    limits::picture(picture.width(), picture.height())?;
    // SAFETY: the frame was filled by a decoder, so its planes are valid for its format and size; the buffer has
    // the length that FFmpeg asks for and is told.
    unsafe {
        let raw = picture.as_ptr();
        let format = std::mem::transmute::<i32, ffi::AVPixelFormat>((*raw).format);
        let len = ffi::av_image_get_buffer_size(format, (*raw).width, (*raw).height, 1);
        let size = usize::try_from(len).map_err(|_| VideoError::internal("a picture without a size"))?;
        let mut out = vec![0; size];
        let written = ffi::av_image_copy_to_buffer(
            out.as_mut_ptr(),
            len,
            (*raw).data.as_ptr().cast(),
            (*raw).linesize.as_ptr(),
            format,
            (*raw).width,
            (*raw).height,
            1,
        );
        if written != len {
            return Err(VideoError::internal("a picture that could not be copied"));
        }
        Ok(out)
    }
}

/// MD5 of the packed picture.
pub fn md5(picture: &frame::Video) -> Result<[u8; 16], VideoError> {
    Ok(Md5::digest(packed(picture)?).into())
}
