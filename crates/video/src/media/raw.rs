//! The few things that FFmpeg offers only through its raw API.
//!
//! **Invariant:** no pointer leaves this file; each function is safe to call with any argument.
#![expect(unsafe_code, reason = "FFmpeg's fields and seek functions have no safe wrapper")]

use ffmpeg_next::{Frame, Packet, ffi, format::context, packet::Ref};

/// Never allocate more than this at once, whatever a file claims.
pub fn limit_allocations(bytes: usize) {
    // SAFETY: sets a global number, before any other thread uses FFmpeg.
    unsafe { ffi::av_max_alloc(bytes) }
}

/// A packet that an edit list hides: decoded, never shown.
pub fn is_hidden(packet: &Packet) -> bool {
    // SAFETY: a packet always points to its own valid structure.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Has the demuxer leave out every stream but these.
pub fn read_only(input: &mut context::Input, wanted: &[usize]) {
    for index in 0..input.nb_streams() as usize {
        let discard = if wanted.contains(&index) {
            ffi::AVDiscard::AVDISCARD_DEFAULT
        } else {
            ffi::AVDiscard::AVDISCARD_ALL
        };
        // SAFETY: `index` is below the number of streams, and the context is borrowed mutably.
        unsafe { (**(*input.as_mut_ptr()).streams.add(index)).discard = discard }
    }
}

/// Moves to the last key frame at or before `dts` as far as the container knows. False when it cannot.
pub fn seek_before(input: &mut context::Input, stream: usize, dts: i64) -> bool {
    let Ok(stream) = i32::try_from(stream) else { return false };
    // SAFETY: the context is open and borrowed mutably; FFmpeg checks the stream number.
    unsafe { ffi::av_seek_frame(input.as_mut_ptr(), stream, dts, ffi::AVSEEK_FLAG_BACKWARD) >= 0 }
}

/// Where the packets of a stream lie that the container's own table calls key frames.
pub fn key_positions(input: &mut context::Input, stream: usize) -> Vec<i64> {
    if stream >= input.nb_streams() as usize {
        return Vec::new();
    }
    // SAFETY: `stream` is below the number of streams; an entry is null or valid until the table changes, which only
    // reading does.
    unsafe {
        let stream = *(*input.as_mut_ptr()).streams.add(stream);
        let count = ffi::avformat_index_get_entries_count(stream);
        let entries =
            (0..count).map(|at| ffi::avformat_index_get_entry(stream, at)).filter(|entry| !entry.is_null());
        let keys = entries.filter(|entry| (**entry).flags() & ffi::AVINDEX_KEYFRAME != 0);
        keys.map(|entry| (*entry).pos).collect()
    }
}

/// How many packets of a stream the container's own table lists, and how many bytes they take.
pub fn listed(input: &mut context::Input, stream: usize) -> (usize, u64) {
    if stream >= input.nb_streams() as usize {
        return (0, 0);
    }
    // SAFETY: `stream` is below the number of streams; an entry is null or valid until the table changes, which only
    // reading does.
    unsafe {
        let stream = *(*input.as_mut_ptr()).streams.add(stream);
        let count = ffi::avformat_index_get_entries_count(stream);
        let entries =
            (0..count).map(|at| ffi::avformat_index_get_entry(stream, at)).filter(|entry| !entry.is_null());
        let sizes = entries.map(|entry| u64::try_from((*entry).size()).unwrap_or(0));
        sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size))
    }
}

/// What the container says about a video stream.
#[derive(Debug, Clone, Default)]
pub struct StreamFacts {
    /// Pixels; negative or zero when unknown.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// Sample aspect ratio of the container, or else of the codec.
    pub sar: (i32, i32),
    /// H.273 number of the transfer function.
    pub transfer: u32,
    /// 1 limited, 2 full.
    pub range: u32,
    /// FFmpeg's number of the pixel format, or -1.
    pub pixel_format: i32,
    /// Where the track ends, ticks, if the container says so: an edit list may cut the last frame short.
    pub end: Option<i64>,
    /// How many pictures the decoder holds back to put them in order, as far as FFmpeg could tell.
    pub delay: i32,
    /// The container's own name of the codec, little endian.
    pub tag: u32,
    /// Codec configuration record.
    pub extradata: Vec<u8>,
}

/// Reads [`StreamFacts`]; `None` when there is no such stream.
pub fn stream_facts(input: &context::Input, index: usize) -> Option<StreamFacts> {
    if index >= input.nb_streams() as usize {
        return None;
    }
    // SAFETY: `index` is below the number of streams; `codecpar` is never null on a demuxed stream; extradata is
    // null or `extradata_size` bytes long.
    unsafe {
        let stream = *(*input.as_ptr()).streams.add(index);
        let parameters = (*stream).codecpar;
        let extradata = if (*parameters).extradata.is_null() {
            Vec::new()
        } else {
            let len = usize::try_from((*parameters).extradata_size).unwrap_or(0);
            std::slice::from_raw_parts((*parameters).extradata, len).to_vec()
        };
        let mut sar = (*stream).sample_aspect_ratio;
        if sar.num == 0 {
            sar = (*parameters).sample_aspect_ratio;
        }
        Some(StreamFacts {
            width: (*parameters).width,
            height: (*parameters).height,
            sar: (sar.num, sar.den),
            transfer: (*parameters).color_trc as u32,
            range: (*parameters).color_range as u32,
            pixel_format: (*parameters).format,
            end: Some((*stream).start_time)
                .filter(|start| *start != ffi::AV_NOPTS_VALUE && (*stream).duration > 0)
                .map(|start| start.saturating_add((*stream).duration)),
            delay: (*parameters).video_delay,
            tag: (*parameters).codec_tag,
            extradata,
        })
    }
}

/// H.273 numbers of a decoded frame: matrix, primaries, transfer; and whether it is full range.
pub fn frame_colour(frame: &Frame) -> (u32, u32, u32, bool) {
    // SAFETY: a frame always points to its own valid structure.
    unsafe {
        let frame = frame.as_ptr();
        let full = (*frame).color_range == ffi::AVColorRange::AVCOL_RANGE_JPEG;
        ((*frame).colorspace as u32, (*frame).color_primaries as u32, (*frame).color_trc as u32, full)
    }
}

/// A pixel format from FFmpeg's number; `None` for a number without a format.
pub fn pixel_format(number: i32) -> Option<ffmpeg_next::format::Pixel> {
    let known = (0..ffi::AVPixelFormat::AV_PIX_FMT_NB as i32).contains(&number);
    // SAFETY: every number in this range is a variant of the enumeration generated from the same headers.
    known.then(|| unsafe { std::mem::transmute::<i32, ffi::AVPixelFormat>(number) }.into())
}
