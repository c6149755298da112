//! What processes use, by the kernel's account of them.

use std::{
    collections::BTreeMap,
    fs,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// A process, and all below it.
#[derive(Debug, Clone)]
pub struct Watched {
    name: String,
    process: u32,
}

impl FromStr for Watched {
    type Err = &'static str;

    fn from_str(said: &str) -> Result<Self, Self::Err> {
        let (name, process) = said.split_once('=').ok_or("NAME=PID")?;
        Ok(Self { name: name.into(), process: process.parse().map_err(|_| "PID is a number")? })
    }
}

/// Processor time of a process and all below it, seconds; of those that have ended too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Used {
    pub cpu_s: f64,
    pub rss_bytes: u64,
}

/// Each by its name.
pub(super) type Uses = BTreeMap<String, Used>;

/// What they have used until now.
pub(super) fn used(watched: &[Watched]) -> Uses {
    let all = processes();
    watched.iter().map(|one| (one.name.clone(), of_family(&all, one.process))).collect()
}

/// What was used in between.
pub(super) fn cpu_between(before: &Uses, after: &Uses) -> BTreeMap<String, f64> {
    let began = |name: &String| before.get(name).map_or(0.0, |used| used.cpu_s);
    after.iter().map(|(name, used)| (name.clone(), used.cpu_s - began(name))).collect()
}

#[derive(Debug, Clone, Copy)]
struct Process {
    parent: u32,
    used: Used,
}

fn processes() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            Some((id, read(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
        })
        .collect()
}

/// A line of `/proc/PID/stat`; see proc(5).
fn read(stat: &str) -> Option<Process> {
    // The name before stands in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let ticks = (11..15).map(number).sum::<Option<u64>>()?;
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        used: Used {
            cpu_s: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
            rss_bytes: number(21)? * rustix::param::page_size() as u64,
        },
    })
}

fn of_family(all: &BTreeMap<u32, Process>, eldest: u32) -> Used {
    let below = |id: &u32| {
        let mut ancestors = std::iter::successors(Some(*id), |id| all.get(id).map(|process| process.parent));
        ancestors.any(|ancestor| ancestor == eldest)
    };
    all.iter().filter(|(id, _)| below(id)).fold(Used::default(), |sum, (_, process)| Used {
        cpu_s: sum.cpu_s + process.used.cpu_s,
        rss_bytes: sum.rss_bytes + process.used.rss_bytes,
    })
}

/// Memory while something goes on.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moment {
    pub s: f64,
    pub rss_bytes: BTreeMap<String, u64>,
}

/// Looks every so often until it is stopped.
pub(super) struct Looking {
    task: JoinHandle<()>,
    seen: Arc<Mutex<Vec<Moment>>>,
}

impl Looking {
    pub(super) fn every(time: Duration, watched: Vec<Watched>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (into, begun) = (seen.clone(), Instant::now());
        #[expect(clippy::disallowed_methods, reason = "it is stopped by whoever began it")]
        let task = tokio::spawn(async move {
            loop {
                let uses = used(&watched);
                let rss_bytes = uses.into_iter().map(|(name, used)| (name, used.rss_bytes)).collect();
                let moment = Moment { s: begun.elapsed().as_secs_f64(), rss_bytes };
                into.lock().unwrap_or_else(PoisonError::into_inner).push(moment);
                sleep(time).await;
            }
        });
        Self { task, seen }
    }

    pub(super) fn stop(self) -> Vec<Moment> {
        self.task.abort();
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read_whatever_the_program_is_called() {
        let line = "42 (a) S 9 (b) R 7 42 42 0 -1 4194304 1 2 3 4 150 50 30 20 20 0 8 0 99 1000 25 184";
        let process = read(line).unwrap();
        assert_eq!(process.parent, 7);
        assert!((process.used.cpu_s - 250.0 / rustix::param::clock_ticks_per_second() as f64).abs() < 1e-9);
        assert_eq!(process.used.rss_bytes, 25 * rustix::param::page_size() as u64);
    }

    #[test]
    fn what_a_process_used_is_also_what_its_children_did() {
        let process = |parent, cpu_s| Process { parent, used: Used { cpu_s, rss_bytes: 10 } };
        let all = [(1, process(0, 100.0)), (2, process(1, 1.0)), (3, process(2, 2.0)), (4, process(1, 50.0))];
        assert_eq!(of_family(&all.into(), 2), Used { cpu_s: 3.0, rss_bytes: 20 });
    }

    #[test]
    fn this_process_uses_memory() {
        let watched: Watched = format!("us={}", std::process::id()).parse().unwrap();
        assert!(used(&[watched])["us"].rss_bytes > 100_000);
    }
}
