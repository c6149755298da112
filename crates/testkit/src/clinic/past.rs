//! The clock of the server that is told about the past.
//!
//! The `faketime` library reads how far back a program's clock is set from a file, each time the program asks
//! for the time. The server is the one that always runs; it only lives yesterday for a while.

use std::{
    env,
    ffi::OsStr,
    fs,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use limpet_model::Millis;
use tempfile::NamedTempFile;

/// How far back the server's clock is set.
pub struct Clock {
    set_back: Option<SetBack>,
}

struct SetBack {
    library: String,
    offset: NamedTempFile,
}

impl Clock {
    /// A clock that can be set back where `faketime` is installed, and the real one elsewhere, or where the server keeps
    /// its files in a bucket: an S3 store takes no request that was signed yesterday.
    pub fn new() -> Result<Self> {
        if env::var_os("LIMPET_BLOBS").is_some() {
            return Ok(Self::real());
        }
        let asked = Command::new("faketime")
            .args(["-f", "+0", "printenv", "LD_PRELOAD"])
            .stderr(Stdio::null())
            .output()
            .ok()
            .filter(|answer| answer.status.success());
        let Some(answer) = asked else { return Ok(Self::real()) };
        let library = String::from_utf8(answer.stdout)?.trim().to_owned();
        let clock = Self { set_back: Some(SetBack { library, offset: NamedTempFile::new()? }) };
        clock.set(0)?;
        Ok(clock)
    }

    /// The clock of this machine.
    pub fn real() -> Self {
        Self { set_back: None }
    }

    /// What a program needs in its environment to go by this clock.
    pub fn environment(&self) -> Vec<(&str, &OsStr)> {
        let Some(set_back) = &self.set_back else { return vec![] };
        vec![
            ("LD_PRELOAD", OsStr::new(&set_back.library)),
            ("FAKETIME_TIMESTAMP_FILE", set_back.offset.path().as_os_str()),
            ("FAKETIME_NO_CACHE", OsStr::new("1")),
            // Waiting still takes as long as it takes.
            ("FAKETIME_DONT_FAKE_MONOTONIC", OsStr::new("1")),
        ]
    }

    /// Sets it so many minutes back.
    pub fn set(&self, minutes_ago: i64) -> Result<()> {
        if let Some(set_back) = &self.set_back {
            // One write: a reader sees the old line or the new one.
            fs::write(set_back.offset.path(), format!("{:+}\n", -minutes_ago * 60))?;
        }
        Ok(())
    }

    /// What it shows when it is set so many minutes back.
    pub fn at(&self, minutes_ago: i64) -> Millis {
        let minutes_ago = if self.set_back.is_some() { minutes_ago } else { 0 };
        Millis(now() - minutes_ago * 60_000)
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of the demo")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
