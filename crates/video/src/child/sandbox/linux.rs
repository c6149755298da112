//! seccomp, Landlock and resource limits.
//!
//! Each holds by itself: seccomp lets through the system calls listed here and answers `EPERM` to all others; Landlock
//! refuses every file, port and signal for the day when one is missing from that list; resource limits bound memory
//! and open files. A kernel without Landlock is logged, everything else must be had.

use std::{collections::BTreeMap, io};

use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetError, RulesetStatus,
    Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

use super::{Confinement, MEMORY, OPEN};

/// Linux.
pub struct Platform;

impl Confinement for Platform {
    fn limit() -> io::Result<()> {
        for (resource, most) in [(Resource::As, MEMORY), (Resource::Nofile, OPEN), (Resource::Core, 0)] {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        // Nobody else of this account looks into its memory.
        Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }

    fn refuse() -> io::Result<()> {
        refuse_files();
        refuse_calls()
    }
}

fn refuse_files() {
    match landlock() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => {}
        Ok(_) => tracing::warn!("This kernel has no Landlock; seccomp alone holds the decoder"),
        Err(error) => tracing::warn!(%error, "Landlock cannot be used; seccomp alone holds the decoder"),
    }
}

fn landlock() -> Result<RestrictionStatus, RulesetError> {
    let abi = ABI::V6;
    Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .restrict_self()
}

fn refuse_calls() -> io::Result<()> {
    // glibc makes threads with clone3, whose arguments no filter can read, and takes clone where there is none.
    let no_clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let missing = SeccompAction::Errno(errno(libc::ENOSYS));
    apply(SeccompFilter::new(no_clone3, SeccompAction::Allow, missing, arch()?))?;
    let refused = SeccompAction::Errno(errno(libc::EPERM));
    apply(SeccompFilter::new(allowed()?, refused, SeccompAction::Allow, arch()?))
}

fn apply(filter: Result<SeccompFilter, seccompiler::BackendError>) -> io::Result<()> {
    let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(io::Error::other)?;
    apply_filter(&program).map_err(io::Error::other)
}

fn arch() -> io::Result<seccompiler::TargetArch> {
    std::env::consts::ARCH.try_into().map_err(io::Error::other)
}

fn errno(number: i32) -> u32 {
    number.unsigned_abs()
}

/// The system calls that are left, some for certain arguments only.
fn allowed() -> io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let own = u64::from(std::process::id());
    for (call, argument, mask, value) in [
        // Threads, not processes.
        (libc::SYS_clone, 0, CLONE_THREAD, CLONE_THREAD),
        // Its own end, as after a panic; no signal to anybody else.
        (libc::SYS_tgkill, 0, u64::MAX, own),
        (libc::SYS_kill, 0, u64::MAX, own),
        // Limits may be read.
        (libc::SYS_prlimit64, 2, u64::MAX, 0),
        // What is known about an open file, not about one with a name.
        (libc::SYS_newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH),
        (libc::SYS_statx, 2, AT_EMPTY_PATH, AT_EMPTY_PATH),
        // Waiting or not waiting on a socket.
        (libc::SYS_ioctl, 1, u64::from(u32::MAX), libc::FIONBIO),
    ] {
        calls.insert(call, vec![only(argument, mask, value)?]);
    }
    let named =
        [libc::PR_SET_NAME, libc::PR_SET_VMA].map(|option| only(0, u64::MAX, option.unsigned_abs().into()));
    calls.insert(libc::SYS_prctl, named.into_iter().collect::<io::Result<_>>()?);
    Ok(calls)
}

/// A call for which these bits of an argument have this value.
fn only(argument: u8, mask: u64, value: u64) -> io::Result<SeccompRule> {
    let condition =
        SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(mask), value);
    condition.and_then(|condition| SeccompRule::new(vec![condition])).map_err(io::Error::other)
}

const CLONE_THREAD: u64 = 0x0001_0000;
const AT_EMPTY_PATH: u64 = 0x1000;

const ALLOWED: &[i64] = &[
    // What is open already: the pipes, the frame socket and whoever comes in there.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_fstat,
    libc::SYS_ppoll,
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // Threads, and their end.
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_yield,
    libc::SYS_set_tid_address,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_restart_syscall,
    // Signals to itself.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Time, randomness, the machine.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];
