//! How far a long command has come: a line on standard error every few seconds, for whoever waits for it.

use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(2);

/// A count of files and bytes that says itself now and then.
pub struct Progress {
    what: &'static str,
    files: (u64, u64),
    bytes: (u64, u64),
    said: Instant,
}

impl Progress {
    /// Begins to count; `what` is what is being done, as in "copying".
    pub fn begin(what: &'static str, files: u64, bytes: u64) -> Self {
        Self { what, files: (0, files), bytes: (0, bytes), said: Instant::now() }
    }

    /// One file more is done.
    pub fn file(&mut self, bytes: u64) {
        self.files.0 += 1;
        self.bytes.0 += bytes;
        if self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            eprintln!("{self}");
        }
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (done, all) = self.files;
        let (here, whole) = (size(self.bytes.0), size(self.bytes.1));
        write!(f, "{}: {done} of {}, {here} of {whole}", self.what, counted(all, "file"))
    }
}

/// So many of a thing as people say it: `1 file`, `2 files`.
pub fn counted(count: impl std::fmt::Display, thing: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// A number of bytes as people say it.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_it_is() {
        let mut progress = Progress::begin("copying", 3, 2_500_000_000);
        progress.file(1_200_000_000);
        assert_eq!(progress.to_string(), "copying: 1 of 3 files, 1.2 GB of 2.5 GB");
        assert_eq!(size(1), "1 kB");
        let [none, one, more] = [0, 1, 21].map(|count| counted(count, "file"));
        assert_eq!([none.as_str(), &one, &more], ["0 files", "1 file", "21 files"]);
        assert!(Progress::begin("copying", 1, 1).to_string().contains("0 of 1 file,"));
    }
}
