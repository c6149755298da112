//! Clips: what they are, which frames they have, exactly those frames, and the copies made from them.
//!
//! Owner-sent files are hostile, so nothing here decodes in the caller's process. A [`Clip`] is a handle on a
//! child process (the caller's own binary, started with a hidden argument) that has one clip open. The child is
//! given no file: it reads the clip through a channel on which the parent serves ranges of a [`ByteSource`].
//! It serves the frame socket of the review room itself, so no frame passes through the parent.
//!
//! **Invariant:** FFmpeg and libheif run only in the child. Every call here returns an answer or an error that can be
//! shown to a person, whatever the clip holds; the parent's memory is bounded by what it asked for.
//!
//! Every program that opens clips starts its `main` with [`run_child_if_asked`].

mod child;
mod clip;
mod engine;
mod error;
mod frame_socket;
mod media;
mod order;
mod orientation;
mod photo;
mod picture;
mod pipe;
mod probe;
mod render;
mod rendition;
mod sound;
mod source;
mod still_brand;
pub mod tonemap;

pub use child::{run_child_if_asked, sandbox};
pub use clip::{Clip, FrameHash, Length, MEMORY, Review, Still, Usage, decode_with, prepare};
pub use error::VideoError;
pub use frame_socket::{FrameSocket, Seen};
pub use order::Order;
pub use orientation::Orientation;
pub use photo::{PhotoPoster, photo_motion, photo_poster};
pub use picture::Picture;
pub use probe::{Probe, Range, TrackFacts};
pub use sound::{Passage, Sample, Speed, samples};
pub use source::{ByteSink, ByteSource, Part, PlainFile};
pub use still_brand::StillBrand;
