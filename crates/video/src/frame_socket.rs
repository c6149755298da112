//! The other end of the frame socket, as a review room has it, for tools and tests.
//!
//! **Invariant:** each picture carries the moment its last byte arrived, taken before anything is done with it.

use std::{
    net::TcpStream,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use limpet_wire::{
    Failure,
    frames::{ClipIndex, FrameEvent, FrameHeader, FrameRequest},
};
use md5::{Digest, Md5};
use tungstenite::{Message, WebSocket, client::IntoClientRequest, http::HeaderValue, protocol::Role};

use crate::VideoError;

/// A connection to the frame socket.
pub struct FrameSocket {
    ask: WebSocket<TcpStream>,
    seen: Receiver<Seen>,
    clip: ClipIndex,
    first: Option<Instant>,
}

/// Something that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A picture.
    Picture {
        /// When it was there.
        at: Instant,
        /// What it is.
        header: FrameHeader,
        /// MD5 of its planes.
        md5: [u8; 16],
    },
    /// The bytes for a request have not arrived.
    Waiting {
        /// Which request.
        generation: u32,
    },
    /// Which frames can be shown of a clip that is still arriving.
    Arrived(Vec<(u32, u32)>),
    /// More of the clip is known.
    Ready {
        /// What it is.
        clip: ClipIndex,
        /// Whether all of it is here.
        whole: bool,
    },
    /// What the colours of the pictures that follow mean.
    Tones,
    /// There is no picture for a request.
    Failed {
        /// When it was said.
        at: Instant,
        /// Which request.
        generation: u32,
        /// Why.
        failure: Failure,
    },
}

impl FrameSocket {
    /// Connects to an address from [`crate::Clip::serve_frames`] and waits until the clip is ready.
    pub fn connect(address: &str) -> Result<Self, VideoError> {
        Self::connect_from(address, "http://127.0.0.1")
    }

    /// Connects as a page of that origin would.
    pub fn connect_from(address: &str, origin: &str) -> Result<Self, VideoError> {
        let mut request = address.into_client_request().map_err(VideoError::internal)?;
        let origin = HeaderValue::from_str(origin).map_err(VideoError::internal)?;
        request.headers_mut().insert("origin", origin);
        let (host, port) = (request.uri().host().unwrap_or_default(), request.uri().port_u16().unwrap_or(0));
        let stream = TcpStream::connect((host, port)).map_err(VideoError::internal)?;
        stream.set_nodelay(true).map_err(VideoError::internal)?;
        let (mut ears, _) = tungstenite::client(request, stream).map_err(VideoError::internal)?;
        let mut first = None;
        let clip = loop {
            let message = ears.read().map_err(VideoError::internal)?;
            match &message {
                // A first picture, before it is known which frame it is.
                Message::Binary(_) => first = first.or_else(|| Some(Instant::now())),
                _ => match event(&message)? {
                    FrameEvent::Ready { clip, .. } => break clip,
                    FrameEvent::Failed { failure, .. } => return Err(VideoError::BadClip(failure.message)),
                    _ => {}
                },
            }
        };
        // What came behind that may already be in hand: whoever has read goes on reading.
        let mouth = ears.get_ref().try_clone().map_err(VideoError::internal)?;
        let ask = WebSocket::from_raw_socket(mouth, Role::Client, None);
        let (catch, caught) = channel();
        let (tell, seen) = channel();
        thread::Builder::new()
            .name("glass".into())
            .spawn(move || {
                while let Ok(message) = ears.read() {
                    if catch.send((Instant::now(), message)).is_err() {
                        break;
                    }
                }
            })
            .map_err(VideoError::internal)?;
        // What comes next does not wait for the hash of this.
        thread::Builder::new()
            .name("eye".into())
            .spawn(move || {
                for (at, message) in caught {
                    if look(at, &message).is_none_or(|seen| tell.send(seen).is_err()) {
                        break;
                    }
                }
            })
            .map_err(VideoError::internal)?;
        Ok(Self { ask, seen, clip, first })
    }

    /// When a first picture came before the clip was known, if one did.
    pub fn first_at(&self) -> Option<Instant> {
        self.first
    }

    /// What the socket said about the clip.
    pub fn clip(&self) -> &ClipIndex {
        &self.clip
    }

    /// Asks for a frame.
    pub fn show(&mut self, request: &FrameRequest) -> Result<(), VideoError> {
        let json = serde_json::to_string(request).map_err(VideoError::internal)?;
        self.ask.send(Message::text(json)).map_err(|_| VideoError::ChildEnded)
    }

    /// The next thing that comes, or `None` when nothing does for so long.
    pub fn next(&self, patience: Duration) -> Result<Option<Seen>, VideoError> {
        match self.seen.recv_timeout(patience) {
            Ok(seen) => Ok(Some(seen)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(VideoError::ChildEnded),
        }
    }
}

impl Drop for FrameSocket {
    fn drop(&mut self) {
        // Ends the listening threads.
        let _ = self.ask.get_ref().shutdown(std::net::Shutdown::Both);
    }
}

fn event(message: &Message) -> Result<FrameEvent, VideoError> {
    let text = message.to_text().map_err(VideoError::internal)?;
    serde_json::from_str(text).map_err(VideoError::internal)
}

fn look(at: Instant, message: &Message) -> Option<Seen> {
    if let Message::Binary(bytes) = message {
        let (header, planes) = FrameHeader::decode(bytes)?;
        return Some(Seen::Picture { at, header, md5: Md5::digest(planes).into() });
    }
    match event(message).ok()? {
        FrameEvent::Failed { generation, failure } => Some(Seen::Failed { at, generation, failure }),
        FrameEvent::Waiting { generation } => Some(Seen::Waiting { generation }),
        FrameEvent::Arrived { runs } => Some(Seen::Arrived(runs)),
        FrameEvent::Ready { clip, whole } => Some(Seen::Ready { clip, whole }),
        FrameEvent::Tones { .. } => Some(Seen::Tones),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use limpet_model::{Micros, Timebase};
    use limpet_wire::Code;

    use super::*;

    #[test]
    fn what_comes_with_the_clip_is_not_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("ws://{}/", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
            let failed = |generation| FrameEvent::Failed {
                generation,
                failure: Failure::new(Code::Invalid, "This frame is damaged."),
            };
            let ready = FrameEvent::Ready { clip: one_frame(), whole: true };
            // In one piece, as far as the system can help it.
            for event in [ready, failed(1), failed(2)] {
                socket.write(Message::text(serde_json::to_string(&event).unwrap())).unwrap();
            }
            socket.flush().unwrap();
            socket
        });
        let socket = FrameSocket::connect(&address).unwrap();
        for expected in 1..3 {
            let seen = socket.next(Duration::from_secs(60)).unwrap();
            assert!(
                matches!(seen, Some(Seen::Failed { generation, .. }) if generation == expected),
                "{seen:?}"
            );
        }
        drop(server.join().unwrap());
    }

    fn one_frame() -> ClipIndex {
        ClipIndex {
            width: 16,
            height: 16,
            sar_num: 1,
            sar_den: 1,
            rotation: 0,
            reflected: false,
            timebase: Timebase { num: 1, den: 30 },
            times: vec![Micros(0)],
            keys: vec![0],
            duration: Micros(33_333),
            missing: Micros(0),
            vfr: false,
        }
    }
}
