//! The sandbox that a decoder child puts on before the first byte of a clip.
//!
//! What should be left afterwards: memory up to a limit, threads, time, randomness, the pipes to the parent, and
//! windows that come in at the frame socket, which is bound already. No file, no other socket, no other process.
//! Linux promises all of that; elsewhere nothing holds it yet but that it is a process of its own (ADR 1).
//!
//! **Invariant:** put on while there is one thread: neither seccomp nor Landlock reaches threads that run already.

#[cfg(target_os = "linux")]
mod linux;

use std::io;

#[cfg(target_os = "linux")]
use linux::Platform;

/// Memory in bytes: several times what the largest clip within our limits needs.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 8 << 30;
/// Files and connections open at once.
#[cfg(target_os = "linux")]
const OPEN: u64 = 64;

/// What a platform offers to a process that confines itself.
trait Confinement {
    /// Bounds what may be used: memory, and whatever else can be counted.
    fn limit() -> io::Result<()>;

    /// Gives up what is not needed any more: files, connections, processes.
    fn refuse() -> io::Result<()>;
}

/// Where there is nothing to put on yet.
#[cfg(not(target_os = "linux"))]
struct Platform;

#[cfg(not(target_os = "linux"))]
impl Confinement for Platform {
    fn limit() -> io::Result<()> {
        Ok(())
    }

    fn refuse() -> io::Result<()> {
        Ok(())
    }
}

/// Puts it on. There is no way back.
///
/// # Errors
/// When a part that holds by itself cannot be had: then the process must not touch a clip. A part that another one
/// stands behind is logged.
pub fn enter() -> io::Result<()> {
    Platform::limit()?;
    Platform::refuse()
}
