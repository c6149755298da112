//! Bodies of the HTTP interface under `/v1`. Every answer other than 2xx carries a [`crate::Failure`], as a problem
//! (RFC 9457). What an administrator says about integrations is in [`crate::integrations`].
//!
//! The routes are one table in the server, `crates/server/src/routes/mod.rs`; `GET /v1/openapi.json` is made of it.
//!
//! A staff session, and the token of an integration, is `Authorization: Bearer <token>`. A client session is the HttpOnly cookie
//! `limpet_client`; a writing request that relies on it must carry the header `limpet-app: owner`. A page names the
//! client it is about in the header `limpet-client`; with another client's cookie the answer is 401.

mod accounts;
mod conversations;
mod holds;
mod imports;
mod messages;
mod practice;
mod presence;
mod record;
mod sessions;

pub use accounts::{
    InLanguage, NewSecret, NewStaff, Password, PasswordAndCode, PasswordReset, RecoveryCodes, SecondStep,
    StaffInvitation, TypedCode,
};
pub use conversations::{
    Assign, BulkAnswer, BulkChange, BulkRefusal, ConversationChange, InDepartment, Merge, NewConversation,
    ReadUpTo, SetSnooze,
};
pub use holds::NewHold;
pub use imports::{
    IMPORT_LIMIT, IMPORT_ROWS, ImportColumn, ImportCounts, ImportDates, ImportFate, ImportField, ImportPart,
    ImportReport, ImportRow,
};
pub use messages::{EarlierWords, MessageChange, NewAttachment, NewMessage};
pub use practice::{NewConsent, PracticeChange};
pub use presence::{HERE_FOR, PEOPLE_LIMIT, Presence, Present, PresentAs, PresentPerson, TYPING_FOR};
pub use record::{AuditEntry, AuditPage, ExportKind, NewExport};
pub use sessions::{
    ClientSession, Invitation, Me, NewPassword, OpenInvitation, OpenSession, SignIn, StaffChange,
    StaffSession,
};

/// Largest clip, photo or document, bytes.
pub const UPLOAD_LIMIT: i64 = limpet_model::UPLOAD_LIMIT;
/// Longest message, characters.
pub const MESSAGE_LIMIT: usize = 10_000;
