//! What this process has used.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Usage;

static DECODED: AtomicU64 = AtomicU64::new(0);

/// Counts a picture that came out of a decoder.
pub fn count_decoded() {
    DECODED.fetch_add(1, Ordering::Relaxed);
}

/// What it has used so far.
pub fn so_far() -> Usage {
    let (cpu_ms, peak_rss_bytes) = account();
    Usage { cpu_ms, peak_rss_bytes, decoded: DECODED.load(Ordering::Relaxed) }
}

#[cfg(target_os = "linux")]
use linux::account;
#[cfg(target_os = "linux")]
pub use linux::prepare;

/// From the kernel's account. Its files are opened before the sandbox is put on; afterwards none can be.
#[cfg(target_os = "linux")]
mod linux {
    use std::{fs::File, os::unix::fs::FileExt, sync::OnceLock};

    struct Account {
        stat: File,
        status: File,
    }

    static ACCOUNT: OnceLock<Option<Account>> = OnceLock::new();

    /// Opens the account.
    pub fn prepare() {
        ACCOUNT.get_or_init(|| {
            let open = |path| File::open(path).ok();
            Some(Account { stat: open("/proc/self/stat")?, status: open("/proc/self/status")? })
        });
    }

    /// Processor time, milliseconds, and the most memory, bytes.
    pub fn account() -> (Option<u64>, Option<u64>) {
        let account = ACCOUNT.get().and_then(Option::as_ref);
        let status = account.map(|account| read(&account.status)).unwrap_or_default();
        let peak_kb = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        // Fields 14 and 15, after the name in brackets: user and system time of all threads, those that have ended
        // too, in ticks that are a hundredth of a second on every Linux.
        let stat = account.map(|account| read(&account.stat)).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
        let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
        ((ticks.len() == 2).then(|| ticks.iter().sum::<u64>() * 10), peak_kb.map(|kb| kb * 1024))
    }

    /// The account as it is now: it is written anew for whoever reads from its beginning.
    fn read(file: &File) -> String {
        let mut text = vec![0; 8 << 10];
        let len = file.read_at(&mut text, 0).unwrap_or(0);
        text.truncate(len);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Nothing to prepare here.
#[cfg(not(target_os = "linux"))]
pub fn prepare() {}

/// Not known here.
#[cfg(not(target_os = "linux"))]
fn account() -> (Option<u64>, Option<u64>) {
    (None, None)
}
