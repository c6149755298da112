//! A job object, process mitigations, and a token of low integrity without privileges.
//!
//! What holds: committed memory is bounded; no process is started, no window of another program touched; nothing of
//! the user's is written, and no other program's memory read or written, since both are above low integrity; nothing
//! is loaded from a network share or from what a low process wrote.
//!
//! **What stays possible**, since the token still names the user and a process cannot exchange its own: reading any
//! file that the user may read, writing to the few places made for low processes (`AppData\LocalLow`), and opening
//! connections. Against an attacker this keeps the machine, not its secrets. More needs a parent that starts the child
//! in an app container or with a restricted token.
//!
//! Integrity goes down to low and not to untrusted: Winsock opens its device again for every connection that comes in,
//! which is known to work for low processes. Strict handle checks are left off: they end a process for a stale handle,
//! which standard error of a program without a console can be. Written from the documentation; tried in part under
//! Wine, not on Windows.

use std::{
    ffi::c_void,
    io,
    os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle},
    ptr,
};

use windows_sys::{
    Win32::{
        Security::{
            AdjustTokenPrivileges, GetTokenInformation, SE_PRIVILEGE_REMOVED,
            SECURITY_MANDATORY_LABEL_AUTHORITY, SID, SID_AND_ATTRIBUTES, SetTokenInformation,
            TOKEN_ADJUST_DEFAULT, TOKEN_ADJUST_PRIVILEGES, TOKEN_MANDATORY_LABEL, TOKEN_QUERY,
            TokenIntegrityLevel, TokenPrivileges,
        },
        System::{
            JobObjects::{
                AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
                JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_PROCESS_MEMORY,
                JOB_OBJECT_UILIMIT_DESKTOP, JOB_OBJECT_UILIMIT_DISPLAYSETTINGS,
                JOB_OBJECT_UILIMIT_EXITWINDOWS, JOB_OBJECT_UILIMIT_GLOBALATOMS, JOB_OBJECT_UILIMIT_HANDLES,
                JOB_OBJECT_UILIMIT_READCLIPBOARD, JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS,
                JOB_OBJECT_UILIMIT_WRITECLIPBOARD, JOBOBJECT_BASIC_UI_RESTRICTIONS,
                JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECTINFOCLASS, JobObjectBasicUIRestrictions,
                JobObjectExtendedLimitInformation, SetInformationJobObject,
            },
            Threading::{
                GetCurrentProcess, OpenProcessToken, PROCESS_MITIGATION_POLICY, ProcessChildProcessPolicy,
                ProcessExtensionPointDisablePolicy, ProcessImageLoadPolicy, SetProcessMitigationPolicy,
            },
        },
    },
    core::BOOL,
};

use super::{Confinement, MEMORY};

/// Clipboard, windows of others, desktops, settings, atoms.
const NO_DESKTOP: u32 = JOB_OBJECT_UILIMIT_DESKTOP
    | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS
    | JOB_OBJECT_UILIMIT_EXITWINDOWS
    | JOB_OBJECT_UILIMIT_GLOBALATOMS
    | JOB_OBJECT_UILIMIT_HANDLES
    | JOB_OBJECT_UILIMIT_READCLIPBOARD
    | JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS
    | JOB_OBJECT_UILIMIT_WRITECLIPBOARD;

/// Each with its bits, as the fields of `PROCESS_MITIGATION_*_POLICY` lie in `winnt.h`.
const MITIGATIONS: [(PROCESS_MITIGATION_POLICY, u32, &str); 3] = [
    // NoChildProcessCreation.
    (ProcessChildProcessPolicy, 1, "no child process"),
    // DisableExtensionPoints: no hooks, input methods and the like of others are loaded into this process.
    (ProcessExtensionPointDisablePolicy, 1, "no extension points"),
    // NoRemoteImages, NoLowMandatoryLabelImages.
    (ProcessImageLoadPolicy, 0b11, "no foreign images"),
];

/// `SECURITY_MANDATORY_LOW_RID`.
const LOW: u32 = 0x1000;
/// `SE_GROUP_INTEGRITY`.
const INTEGRITY: u32 = 0x20;
/// `SE_CHANGE_NOTIFY_PRIVILEGE`: passing through folders, which everybody has and names of devices are looked up with.
const PASS_THROUGH: u32 = 23;

/// Windows.
pub struct Platform;

impl Confinement for Platform {
    fn limit() -> io::Result<()> {
        join(NO_DESKTOP).or_else(|error| {
            // A process that is in a job already, as one started by some shells and tools, may not join one with
            // limits on the desktop.
            tracing::warn!(%error, "Started inside another job; the desktop is not closed to the decoder");
            join(0)
        })
    }

    fn refuse() -> io::Result<()> {
        for (policy, bits, what) in MITIGATIONS {
            if let Err(error) = mitigate(policy, bits) {
                tracing::warn!(%error, what, "This Windows lacks a mitigation");
            }
        }
        let token = own_token()?;
        drop_privileges(&token)?;
        lower(&token)
    }
}

/// Joins a job of its own. Its last handle is closed afterwards: while the process lives so does the job, and nobody
/// can open it to change it.
#[expect(unsafe_code, reason = "the system's functions have no safe wrapper in what we have")]
fn join(no_desktop: u32) -> io::Result<()> {
    // SAFETY: no pointer is given; what comes back is null or a handle that is ours.
    let job = unsafe {
        let job = CreateJobObjectW(ptr::null(), ptr::null());
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        OwnedHandle::from_raw_handle(job)
    };
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_PROCESS_MEMORY
        | JOB_OBJECT_LIMIT_ACTIVE_PROCESS
        | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    limits.BasicLimitInformation.ActiveProcessLimit = 1;
    limits.ProcessMemoryLimit = usize::try_from(MEMORY).map_err(io::Error::other)?;
    bound(&job, JobObjectExtendedLimitInformation, &limits)?;
    if no_desktop != 0 {
        let desktop = JOBOBJECT_BASIC_UI_RESTRICTIONS { UIRestrictionsClass: no_desktop };
        bound(&job, JobObjectBasicUIRestrictions, &desktop)?;
    }
    // SAFETY: the job is open, and this process's handle of itself always is.
    done(unsafe { AssignProcessToJobObject(job.as_raw_handle(), GetCurrentProcess()) })
}

/// Sets limits of a job; `T` is the structure that belongs to their class.
#[expect(unsafe_code, reason = "the system's functions have no safe wrapper in what we have")]
fn bound<T>(job: &OwnedHandle, class: JOBOBJECTINFOCLASS, limits: &T) -> io::Result<()> {
    let limits: *const T = limits;
    // SAFETY: `limits` is read for its own size.
    done(unsafe { SetInformationJobObject(job.as_raw_handle(), class, limits.cast(), size::<T>()?) })
}

#[expect(unsafe_code, reason = "the system's functions have no safe wrapper in what we have")]
fn mitigate(policy: PROCESS_MITIGATION_POLICY, bits: u32) -> io::Result<()> {
    let bits: *const u32 = &raw const bits;
    // SAFETY: each of these policies is one word of bits, which is read.
    done(unsafe { SetProcessMitigationPolicy(policy, bits.cast(), size_of::<u32>()) })
}

#[expect(unsafe_code, reason = "the system's functions have no safe wrapper in what we have")]
fn own_token() -> io::Result<OwnedHandle> {
    let access = TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES | TOKEN_ADJUST_DEFAULT;
    let mut token = ptr::null_mut();
    // SAFETY: `token` is written, and ours when that succeeded.
    unsafe {
        done(OpenProcessToken(GetCurrentProcess(), access, &raw mut token))?;
        Ok(OwnedHandle::from_raw_handle(token))
    }
}

/// Removes every privilege but the one that everybody has. What is removed cannot be had again.
#[expect(unsafe_code, reason = "the system's functions have no safe wrapper in what we have")]
fn drop_privileges(token: &OwnedHandle) -> io::Result<()> {
    // `TOKEN_PRIVILEGES` as words: how many, then for each its id in two and its attributes. Windows has about 40.
    let mut words = [0_u32; 1 + 3 * 64];
    let (room, mut used) = (size::<[u32; 1 + 3 * 64]>()?, 0);
    let into: *mut c_void = words.as_mut_ptr().cast();
    // SAFETY: at most `room` bytes are written, and words may have any value.
    done(unsafe { GetTokenInformation(token.as_raw_handle(), TokenPrivileges, into, room, &raw mut used) })?;
    let [_, privileges @ ..] = &mut words;
    for privilege in privileges.chunks_exact_mut(3) {
        if let [id, _, attributes] = privilege
            && *id != PASS_THROUGH
        {
            *attributes = SE_PRIVILEGE_REMOVED;
        }
    }
    let (raw, none) = (token.as_raw_handle(), ptr::null_mut());
    // SAFETY: as many privileges are read as the system said there are; nothing is written.
    done(unsafe { AdjustTokenPrivileges(raw, 0, words.as_ptr().cast(), 0, none, ptr::null_mut()) })
}

/// Lowers the integrity of this process to that of a page in a browser.
#[expect(unsafe_code, reason = "the system's functions have no safe wrapper in what we have")]
fn lower(token: &OwnedHandle) -> io::Result<()> {
    /// The label and the id that it points to, which counts towards the length.
    #[repr(C)]
    struct Label {
        label: TOKEN_MANDATORY_LABEL,
        sid: SID,
    }
    let sid = SID {
        Revision: 1,
        SubAuthorityCount: 1,
        IdentifierAuthority: SECURITY_MANDATORY_LABEL_AUTHORITY,
        SubAuthority: [LOW],
    };
    let mut label = Label { label: TOKEN_MANDATORY_LABEL::default(), sid };
    label.label.Label = SID_AND_ATTRIBUTES { Sid: (&raw mut label.sid).cast(), Attributes: INTEGRITY };
    let from: *const Label = &raw const label;
    // SAFETY: the label is read for its own size and stays where it is meanwhile.
    done(unsafe {
        SetTokenInformation(token.as_raw_handle(), TokenIntegrityLevel, from.cast(), size::<Label>()?)
    })
}

fn size<T>() -> io::Result<u32> {
    u32::try_from(size_of::<T>()).map_err(io::Error::other)
}

fn done(answer: BOOL) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
