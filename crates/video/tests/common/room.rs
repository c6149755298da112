//! What a review room shows of a clip, asked for and checked frame by frame.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use limpet_video::{Clip, FrameSocket, Seen};
use limpet_wire::{
    Failure,
    frames::{FrameHeader, FrameRequest},
};

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Size of the view.
pub const VIEW: (u32, u32) = (320, 320);

/// Asks for a frame.
pub fn show(socket: &mut FrameSocket, generation: u32, frame: u32) {
    show_at(socket, generation, frame, VIEW, false);
}

/// Asks for a frame as a hand does that moves: for one near it meanwhile.
pub fn drag(socket: &mut FrameSocket, generation: u32, frame: u32) {
    show_at(socket, generation, frame, VIEW, true);
}

/// Asks for a frame at a view size.
pub fn show_at(socket: &mut FrameSocket, generation: u32, frame: u32, view: (u32, u32), near_first: bool) {
    let (max_width, max_height) = view;
    socket
        .show(&FrameRequest::Show { generation, frame, max_width, max_height, near_first })
        .expect("a room");
}

/// Why there is no exact picture.
#[derive(Debug, PartialEq, Eq)]
pub enum Without {
    /// Its bytes have not arrived.
    Waits,
    /// It was said why.
    Failed(Failure),
}

/// The exact picture that was asked for.
pub fn exact(socket: &FrameSocket, generation: u32) -> Result<(FrameHeader, [u8; 16]), Without> {
    loop {
        match socket.next(PATIENCE).expect("a room").expect("an answer") {
            Seen::Picture { header, md5, .. } if header.generation == generation && header.exact => {
                return Ok((header, md5));
            }
            Seen::Waiting { generation: waits } if waits == generation => return Err(Without::Waits),
            Seen::Failed { failure, .. } => return Err(Without::Failed(failure)),
            _ => {}
        }
    }
}

/// The pictures of a clip at a view size, each by its number.
pub fn reference(clip: &Clip, view: (u32, u32)) -> HashMap<u32, [u8; 16]> {
    let mut right = HashMap::new();
    clip.views(view.0, view.1, &mut |hash| {
        right.insert(hash.frame, hash.md5.expect("a picture"));
    })
    .expect("all of them");
    right
}

/// A clip long enough that its middle is far from both ends.
pub fn long_clip(dir: &Path, name: &str, coding: &[&str]) -> PathBuf {
    let path = dir.join(name);
    let source = "testsrc2=size=640x360:rate=30:duration=20,noise=alls=20:allf=t";
    let head = ["-v", "error", "-f", "lavfi", "-i", source];
    super::run("ffmpeg", &[&head[..], coding, &[path.to_str().expect("a path in UTF-8")]].concat());
    path
}
