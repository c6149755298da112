//! A line between a desk and its server: it can be slow, be cut, and tells what of originals was asked for over it.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

pub struct Line {
    /// What the desk takes for the server's address.
    pub url: String,
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    /// Bytes a second of a connection on the way to the desk; 0 for as fast as it goes.
    rate: AtomicU64,
    is_cut: AtomicBool,
    has_ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    asked: Mutex<Vec<(String, Range<u64>)>>,
    carried: AtomicU64,
}

impl Line {
    /// A line to a server.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            server: server.trim_start_matches("http://").to_owned(),
            rate: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            open: Mutex::default(),
            asked: Mutex::default(),
            carried: AtomicU64::new(0),
        });
        let lines = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if lines.has_ended.load(SeqCst) {
                    return;
                }
                let lines = Arc::clone(&lines);
                thread::spawn(move || lines.connect(client));
            }
        });
        Self { url: format!("http://{address}"), address, shared }
    }

    /// From now on so many bytes a second come over a connection; 0 for as many as go.
    pub fn slow_down(&self, rate: u64) {
        self.shared.rate.store(rate, SeqCst);
    }

    pub fn cut(&self) {
        self.shared.is_cut.store(true, SeqCst);
        self.shared.hang_up();
    }

    pub fn mend(&self) {
        self.shared.is_cut.store(false, SeqCst);
    }

    /// Which ranges of originals were asked for, in order.
    pub fn asked(&self) -> Vec<Range<u64>> {
        self.shared.asked.lock().unwrap().iter().map(|(_, range)| range.clone()).collect()
    }

    /// Of which attachments, in order, repetitions left out.
    pub fn asked_of(&self) -> Vec<String> {
        let mut of: Vec<_> = self.shared.asked.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
        of.dedup();
        of
    }

    /// How many bytes of answers about originals came over it.
    pub fn carried(&self) -> u64 {
        self.shared.carried.load(SeqCst)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, SeqCst);
        self.shared.hang_up();
        // Wakes the listener.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Shared {
    fn hang_up(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn connect(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(&self.server) else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
            self.open.lock().unwrap().push(stream.try_clone().unwrap());
        }
        // Asked for only now that it is among those that are hung up: a cut at this moment is a cut of this one, too.
        if self.is_cut.load(SeqCst) {
            return self.hang_up();
        }
        let is_original = Arc::new(AtomicBool::new(false));
        let (lines, flag) = (Arc::clone(&self), Arc::clone(&is_original));
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        // A peer that goes away is what these tests are about.
        thread::spawn(move || lines.up(from, to, &flag));
        self.down(server, client, &is_original);
    }

    fn up(&self, mut from: TcpStream, mut to: TcpStream, is_original: &AtomicBool) -> Option<()> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut piece).ok().filter(|read| *read > 0);
            let Some(read) = read else {
                let _ = to.shutdown(Shutdown::Both);
                return None;
            };
            // A request without a body comes in one go from this client.
            if piece.starts_with(b"GET ") {
                let head = String::from_utf8_lossy(&piece[..read]).to_ascii_lowercase();
                let asked = asked(&head);
                is_original.store(asked.is_some(), SeqCst);
                self.asked.lock().unwrap().extend(asked);
            }
            to.write_all(&piece[..read]).ok()?;
        }
    }

    fn down(&self, mut from: TcpStream, mut to: TcpStream, is_original: &AtomicBool) -> Option<()> {
        let mut piece = vec![0; 8 * 1024];
        loop {
            let read = from.read(&mut piece).ok().filter(|read| *read > 0);
            let Some(read) = read else {
                let _ = to.shutdown(Shutdown::Both);
                return None;
            };
            let micros = (read as u64 * 1_000_000).checked_div(self.rate.load(SeqCst)).unwrap_or(0);
            thread::sleep(Duration::from_micros(micros));
            to.write_all(&piece[..read]).ok()?;
            if is_original.load(SeqCst) {
                self.carried.fetch_add(read as u64, SeqCst);
            }
        }
    }
}

/// Which bytes of which original a request asks for.
fn asked(head: &str) -> Option<(String, Range<u64>)> {
    let path = head.split_whitespace().nth(1)?;
    let id = path.strip_prefix("/v1/attachments/")?.strip_suffix("/original")?;
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes="));
    let range = range.and_then(|range| range.split_once('-'));
    let range = range.map_or(0..u64::MAX, |(from, to)| {
        from.parse().unwrap()..to.parse::<u64>().map_or(u64::MAX, |to| to + 1)
    });
    Some((id.to_owned(), range))
}
