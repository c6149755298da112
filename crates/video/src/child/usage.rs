//! What this process has used.

use crate::Usage;

/// From the kernel's account, where there is one to read.
#[cfg(target_os = "linux")]
pub fn so_far() -> Usage {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let status = read("/proc/self/status");
    let peak_kb = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    // Fields 14 and 15, after the name in brackets: user and system time of all threads, those that have ended
    // too, in ticks that are a hundredth of a second on every Linux.
    let stat = read("/proc/self/stat");
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    Usage {
        cpu_ms: (ticks.len() == 2).then(|| ticks.iter().sum::<u64>() * 10),
        peak_rss_bytes: peak_kb.map(|kb| kb * 1024),
    }
}

/// Not known here.
#[cfg(not(target_os = "linux"))]
pub fn so_far() -> Usage {
    Usage { cpu_ms: None, peak_rss_bytes: None }
}
