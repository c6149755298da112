//! Seatbelt with a profile of our own, and resource limits.
//!
//! The profile denies everything and allows what a decoder has left: to accept at loopback, to count processors, and
//! randomness. Checks are made when something is opened, so pipes and sockets that are open keep working. It holds
//! the whole process, by the kernel, for good.
//!
//! Weaker than on Linux: system calls as such are not filtered; a new socket can be made but neither bound nor
//! connected; and memory is bounded only by a kernel that takes such a limit. `sandbox_init` has been deprecated since
//! 2012 and is what browsers use. Written from its header, XNU's sources and profiles that are in use; not run yet.

use std::{
    ffi::{CStr, c_char, c_int},
    io, ptr,
};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Confinement, MEMORY, OPEN};

/// Only words that profiles of browsers have used for years: with one that a macOS does not know nothing is put on, and
/// the child does not start. The four denials after the first are of operations that `default` does not cover.
const PROFILE: &CStr = cr#"
(version 1)
(deny default)
(deny process-info*)
(deny nvram*)
(deny iokit-get-properties)
(deny file-map-executable)
(allow process-info-pidinfo (target self))
(allow signal (target self))
(allow network-inbound (local ip "localhost:*"))
(allow file-read-data (literal "/dev/random") (literal "/dev/urandom"))
(allow sysctl-read
  (sysctl-name "hw.activecpu")
  (sysctl-name "hw.logicalcpu")
  (sysctl-name "hw.logicalcpu_max")
  (sysctl-name "hw.memsize")
  (sysctl-name "hw.ncpu")
  (sysctl-name "hw.pagesize")
  (sysctl-name "hw.physicalcpu")
  (sysctl-name "hw.physicalcpu_max")
  (sysctl-name-prefix "hw.optional."))
"#;

/// macOS.
pub struct Platform;

impl Confinement for Platform {
    fn limit() -> io::Result<()> {
        // Processes, not threads, are what the last one counts.
        for (resource, most) in [(Resource::Nofile, OPEN), (Resource::Core, 0), (Resource::Nproc, 0)] {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        let memory = mapped().saturating_add(MEMORY);
        let limit = Rlimit { current: Some(memory), maximum: Some(memory) };
        if let Err(error) = setrlimit(Resource::As, limit) {
            tracing::warn!(%error, "This kernel bounds no memory; only single allocations are bounded");
        }
        Ok(())
    }

    fn refuse() -> io::Result<()> {
        seatbelt(PROFILE)
    }
}

/// How much address space is taken already, in bytes and at most [`STEP`] too much.
///
/// A process has gigabytes and more reserved before its first line runs, and what accounts of them exist leave parts
/// out. The kernel itself compares with all of it and refuses a lower limit, so the lowest limit that it takes is the
/// answer. One older than macOS 12 takes any, and holds to none.
fn mapped() -> u64 {
    let (mut refused, mut taken) = (0, MOST_ADDRESSES);
    while taken - refused > STEP {
        let middle = refused.midpoint(taken);
        match setrlimit(Resource::As, Rlimit { current: Some(middle), maximum: None }) {
            Ok(()) => taken = middle,
            Err(_) => refused = middle,
        }
    }
    taken
}

/// More than a process can address.
const MOST_ADDRESSES: u64 = 1 << 48;
const STEP: u64 = 64 << 20;

#[expect(unsafe_code, reason = "no crate that we have wraps this function of the system's")]
fn seatbelt(profile: &CStr) -> io::Result<()> {
    unsafe extern "C" {
        // <sandbox.h>, in libSystem, which every program is linked with.
        fn sandbox_init(profile: *const c_char, flags: u64, error: *mut *mut c_char) -> c_int;
        fn sandbox_free_error(error: *mut c_char);
    }
    /// The profile is text, not the name of one of Apple's.
    const TEXT: u64 = 0;

    let mut error = ptr::null_mut();
    // SAFETY: both pointers are valid for the call; the profile ends in a null byte.
    if unsafe { sandbox_init(profile.as_ptr(), TEXT, &raw mut error) } == 0 {
        return Ok(());
    }
    if error.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: what was written there is a C string that is ours until it is freed, which happens once.
    let reason = unsafe {
        let reason = CStr::from_ptr(error).to_string_lossy().into_owned();
        sandbox_free_error(error);
        reason
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
}
