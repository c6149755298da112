//! The sandbox that a decoder child puts on before the first byte of a clip.
//!
//! What should be left afterwards: memory up to a limit, threads, time, randomness, the pipes to the parent, and
//! windows that come in at the frame socket, which is bound already. No file, no other socket, no other process.
//! A process confines itself here, after it has started and with no right that others lack, so platforms differ in how
//! much of that they can promise; each module says what it leaves possible.
//!
//! | | files | new connections | other processes | memory |
//! |---|---|---|---|---|
//! | Linux | none | none | none | 8 GiB of addresses |
//! | macOS | none | none | none | 8 GiB of addresses on top of what is mapped, from macOS 12 on |
//! | Windows | none written but low ones; **reading stays** | **stay** | none started | 8 GiB committed |
//!
//! `tests/sandbox.rs` tries Linux from inside. `tests/sandbox_elsewhere.rs` does so for macOS and Windows, where it has
//! not run yet: what the table says of them is what their documentation says.
//!
//! **Invariant:** put on while there is one thread: neither seccomp nor Landlock reaches threads that run already.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

use std::io;

#[cfg(target_os = "linux")]
use linux::Platform;
#[cfg(target_os = "macos")]
use macos::Platform;
#[cfg(windows)]
use windows::Platform;

/// Memory in bytes: several times what the largest clip within our limits needs.
const MEMORY: u64 = 8 << 30;
/// Files and connections open at once.
#[cfg(unix)]
const OPEN: u64 = 64;

/// What a platform offers to a process that confines itself.
trait Confinement {
    /// Bounds what may be used: memory, and whatever else can be counted.
    fn limit() -> io::Result<()>;

    /// Gives up what is not needed any more: files, connections, processes.
    fn refuse() -> io::Result<()>;
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
