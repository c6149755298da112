//! What a review room shows of a clip, asked for and checked frame by frame.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use limpet_video::{FrameSocket, Seen};
use limpet_wire::frames::{FrameHeader, FrameRequest};

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Size of the view.
pub const VIEW: (u32, u32) = (320, 320);

/// Asks for a frame.
pub fn show(socket: &mut FrameSocket, generation: u32, frame: u32) {
    let (max_width, max_height) = VIEW;
    socket
        .show(&FrameRequest::Show { generation, frame, max_width, max_height, near_first: false })
        .expect("a room");
}

/// What comes for a request, first of all.
pub fn answer(socket: &FrameSocket, generation: u32) -> Result<(FrameHeader, [u8; 16]), ()> {
    loop {
        match socket.next(PATIENCE).expect("a room").expect("an answer") {
            Seen::Picture { header, md5, .. } if header.generation == generation && header.exact => {
                return Ok((header, md5));
            }
            Seen::Waiting { generation: waits } if waits == generation => return Err(()),
            Seen::Failed { failure, .. } => panic!("{failure:?}"),
            _ => {}
        }
    }
}

/// The pictures of a clip, each by its number.
pub fn reference(path: &Path) -> HashMap<u32, [u8; 16]> {
    let mut right = HashMap::new();
    super::open(path)
        .views(VIEW.0, VIEW.1, &mut |hash| {
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
