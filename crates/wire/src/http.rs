//! Bodies of the HTTP interface under `/v1`. Every answer other than 2xx carries a [`crate::Failure`], as a problem
//! (RFC 9457). What an administrator says about integrations is in [`crate::integrations`].
//!
//! | route | who | body -> answer |
//! |---|---|---|
//! | `POST /v1/sign-in` | anyone | [`SignIn`] -> [`StaffSession`] |
//! | `POST /v1/sign-out` | any session | -> 204 |
//! | `GET /v1/me` | any session | -> [`Me`] |
//! | `POST /v1/open-invitation` | anyone | [`OpenInvitation`] -> [`ClientSession`] and a cookie |
//! | `POST /v1/password-reset` | anyone | [`PasswordReset`] -> 204, whoever it is |
//! | `GET, PATCH /v1/practice` | any session; administrator | [`PracticeChange`] -> [`Practice`] |
//! | `GET, PUT, DELETE /v1/practice/logo` | any session; administrator | picture -> 204; -> PNG |
//! | `GET /v1/consent-texts` | staff | -> list of [`limpet_model::ConsentText`], the newest first |
//! | `PUT /v1/consents/{id}` | any session | [`NewConsent`] -> 204 |
//! | `PUT /v1/departments/{id}` | administrator | [`limpet_model::Department`] -> 204 |
//! | `PUT /v1/tags/{id}` | staff | [`limpet_model::Tag`] -> 204 |
//! | `PUT /v1/templates/{id}` | staff | [`limpet_model::Template`] -> 204 |
//! | `GET, POST, PUT /v1/second-step` | staff | -> [`SecondStep`]; [`Password`] -> [`NewSecret`]; [`TypedCode`] -> [`RecoveryCodes`] |
//! | `POST /v1/second-step/recovery-codes` | staff | [`PasswordAndCode`] -> [`RecoveryCodes`] |
//! | `POST /v1/second-step/off` | staff | [`Password`] -> 204 |
//! | `GET /v1/sessions` | staff | -> list of [`OpenSession`], their own |
//! | `DELETE /v1/sessions/{id}` | staff | -> 204 |
//! | `PUT /v1/password` | staff | [`NewPassword`] -> 204 |
//! | `PUT /v1/staff/{id}` | administrator | [`NewStaff`] -> 204 |
//! | `POST /v1/staff/{id}/invitation` | administrator | [`InLanguage`] -> [`StaffInvitation`] |
//! | `DELETE /v1/staff/{id}/second-step` | administrator | -> 204 |
//! | `PATCH /v1/staff/{id}` | administrator | [`StaffChange`] -> 204 |
//! | `DELETE /v1/staff/{id}/sessions` | administrator | -> 204 |
//! | `GET /v1/audit?after=&limit=` | administrator | -> [`AuditPage`] |
//! | `GET, POST /v1/tokens`, `DELETE /v1/tokens/{id}` | administrator | [`crate::integrations::NewToken`] and so on |
//! | `GET, POST /v1/webhooks`, `DELETE /v1/webhooks/{id}` and below | administrator | [`crate::integrations::NewWebhook`] and so on |
//! | `GET /v1/changes?since=&limit=` | any session | -> [`crate::changes::ChangePage`] |
//! | `GET /v1/live` | any session | -> server-sent events: `data: <revision>`, and `presence` with a [`Present`] |
//! | `GET /v1/clients/{id}`, `patients`, `conversations`, `messages` | any session | -> the thing, with its `ETag` |
//! | `PUT /v1/clients/{id}` | staff | [`limpet_model::Client`] -> 204 |
//! | `PUT /v1/patients/{id}` | staff | [`limpet_model::Patient`] -> 204 |
//! | `POST /v1/imports/preview?columns=&dates=` | administrator | CSV -> [`ImportReport`] |
//! | `POST /v1/imports?columns=&dates=&preview=` | administrator | the same -> [`ImportReport`] |
//! | `PUT /v1/conversations/{id}` | staff | [`NewConversation`] -> 204 |
//! | `PATCH /v1/conversations/{id}` | staff | [`ConversationChange`] -> 204 |
//! | `POST /v1/conversations/{id}/invitation` | staff | -> [`Invitation`] |
//! | `POST /v1/conversations/{id}/merge` | staff | [`Merge`] -> 204 |
//! | `POST /v1/conversations/changes` | staff | [`BulkChange`] -> [`BulkAnswer`] |
//! | `POST /v1/conversations/{id}/read` | any session | [`ReadUpTo`] -> 204 |
//! | `PUT /v1/conversations/{id}/presence` | any session | [`Presence`] -> 204 |
//! | `PUT /v1/messages/{id}` | any session | [`NewMessage`] -> 204 |
//! | `PATCH /v1/messages/{id}` | its author | [`MessageChange`] -> 204 |
//! | `DELETE /v1/messages/{id}` | its author, administrator | -> 204 |
//! | `GET /v1/messages/{id}/earlier` | staff | -> list of [`EarlierWords`], oldest first |
//! | `PUT /v1/exports/{id}` | staff | [`NewExport`] -> 204 |
//! | `PUT /v1/holds/{id}` | administrator, veterinarian | [`NewHold`] -> 204 |
//! | `DELETE /v1/holds/{id}` | administrator | -> 204 |
//! | `OPTIONS, POST /v1/uploads`, `HEAD, PATCH, DELETE /v1/uploads/{attachment}` | any session | tus 1.0 |
//! | `GET, HEAD /v1/attachments/{id}/{original,rendition,poster}` | any session | -> bytes, with Range |
//! | `GET /m/{capability}`, `GET /m/{capability}/{original,rendition,poster}` | anyone with the link | -> page or bytes |
//! | `GET /o/{invitation}` | anyone with the link | -> the owner app |
//! | `GET, POST /a/{link}` | anyone with the link | -> page that sets a password |
//! | `GET, POST /reset`, `GET, POST /second-step` | anyone | -> pages: a forgotten password, codes at sign-in |
//! | `GET /v1/openapi.json` | anyone | -> all of this, for programs |
//! | `GET /v1/problems/{code}` | anyone | -> what a code of a problem means |
//! | `GET /healthz` | anyone | -> `ok` |
//! | `GET /readyz` | anyone | -> `ready`, or 503 |
//!
//! A staff session, and the token of an integration, is `Authorization: Bearer <token>`. A client session is the HttpOnly cookie
//! `limpet_client`; a writing request that relies on it must carry the header `limpet-app: owner`. A page names the
//! client it is about in the header `limpet-client`; with another client's cookie the answer is 401.

use limpet_model::{
    AttachmentId, AttachmentKind, Audience, ClientId, ConversationId, ConversationState, DepartmentId,
    Millis, PatientId, Practice, Role, Snooze, StaffId, StaffMember, StillOf, TagId,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod accounts;
mod holds;
mod imports;
mod practice;
mod presence;

pub use accounts::{
    InLanguage, NewSecret, NewStaff, Password, PasswordAndCode, PasswordReset, RecoveryCodes, SecondStep,
    StaffInvitation, TypedCode,
};
pub use holds::NewHold;
pub use imports::{
    IMPORT_LIMIT, IMPORT_ROWS, ImportColumn, ImportCounts, ImportDates, ImportFate, ImportField, ImportPart,
    ImportReport, ImportRow,
};
pub use practice::{NewConsent, PracticeChange};
pub use presence::{HERE_FOR, PEOPLE_LIMIT, Presence, Present, PresentAs, PresentPerson, TYPING_FOR};

/// Largest clip, photo or document, bytes.
pub const UPLOAD_LIMIT: i64 = limpet_model::UPLOAD_LIMIT;
/// Longest message, characters.
pub const MESSAGE_LIMIT: usize = 10_000;

/// Staff sign-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignIn {
    /// Sign-in name, any case.
    pub email: String,
    /// Password.
    pub password: String,
    /// Name of the device; kept with the session.
    pub device: String,
    /// The code of an authenticator app, or one of the recovery codes; asked for with `code_needed`.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What this device was given at its last sign-in. A known device is not held up by what others get wrong.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// A staff session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaffSession {
    /// Opaque bearer token. Keep it in the keyring.
    pub token: String,
    /// The practice.
    pub practice: Practice,
    /// Who signed in.
    pub staff: StaffMember,
    /// Says at the next sign-in that this device is known. Keep it in the keyring, also after signing out.
    #[serde(default)]
    pub mark: String,
}

/// Who a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Me {
    /// A staff member.
    Staff {
        /// The practice.
        practice: Practice,
        /// Who.
        staff: StaffMember,
    },
    /// A client's device.
    Client(ClientSession),
}

/// A session that is open, as its holder sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenSession {
    /// Names it; nobody gets in with it.
    pub id: String,
    /// Name of the device, as it said at sign-in.
    pub device: String,
    /// When it was opened.
    pub opened_at: Millis,
    /// When it was last used, to the hour.
    pub seen_at: Millis,
    /// Whether it is the one that asks.
    pub own: bool,
}

/// A new password. The account's other sessions are closed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewPassword {
    /// The present one.
    pub current: String,
    /// The new one.
    pub new: String,
}

/// What changes about a staff member. Absent means: as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct StaffChange {
    /// Name.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Role.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Sign-in name, of somebody who has not set a password yet: it was mistyped.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// False closes the account and its sessions.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// The link a client was given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenInvitation {
    /// The last part of the link.
    pub invitation: String,
}

/// A client's device after opening its invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientSession {
    /// The practice's name.
    pub practice: String,
    /// Who the client is.
    pub client: ClientId,
    /// The conversation the link is for.
    pub conversation: ConversationId,
}

/// An invitation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invitation {
    /// The whole link, to send to the client.
    pub link: String,
    /// Until when it opens.
    pub expires_at: Millis,
}

/// A new conversation. Repeating it with the same id changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewConversation {
    /// With whom.
    pub client: ClientId,
    /// About which animal.
    pub patient: PatientId,
    /// The reason.
    pub subject: String,
    /// When it was opened, by the device's clock.
    pub opened_at: Millis,
}

/// What changes about a conversation. Absent means: as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ConversationChange {
    /// Urgent or not.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgent: Option<bool>,
    /// Who answers it from now on.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign: Option<Assign>,
    /// Put it off, or bring it back.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snooze: Option<SetSnooze>,
    /// True when there is nothing to answer: the client waits no longer.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave_off: Option<bool>,
    /// Which department answers it from now on.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<InDepartment>,
    /// All its tags.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TagId>>,
    /// End it, or open it again.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ConversationState>,
    /// With `state: ended`: when, by the device's clock.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// With `state: ended`: `received_at` of the newest message that this device knows. The ending is refused when
    /// the client has written something newer that nobody at the practice has seen.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Millis>,
    /// With `state: ended`: what was seen and concluded.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// With `state: ended`: what happens next.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// Assign to somebody or to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assign {
    /// Whom.
    pub to: Option<StaffId>,
}

/// Into a department, or into none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InDepartment {
    /// Which.
    pub to: Option<DepartmentId>,
}

/// Put off, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetSnooze {
    /// How.
    pub to: Option<Snooze>,
}

/// New words for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MessageChange {
    /// The words; may be empty when something is attached.
    pub body: String,
}

/// What a message said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EarlierWords {
    /// The words.
    pub body: String,
    /// Until when it said that.
    pub replaced_at: Millis,
}

/// Another conversation about the same patient that becomes part of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Merge {
    /// Which.
    pub from: ConversationId,
}

/// One change to many conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkChange {
    /// Which, 200 at most.
    pub conversations: Vec<ConversationId>,
    /// What changes.
    pub change: ConversationChange,
}

/// What came of it. What is not named has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkAnswer {
    /// Conversations that stayed as they were.
    pub refused: Vec<BulkRefusal>,
}

/// A conversation that stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkRefusal {
    /// Which.
    pub conversation: ConversationId,
    /// Why.
    pub failure: crate::Failure,
}

/// Everything received up to this time has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadUpTo {
    /// `received_at` of the last message seen.
    pub at: Millis,
}

/// A new message. Repeating it with the same id changes nothing; the same id with other content is a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewMessage {
    /// Where.
    pub conversation: ConversationId,
    /// For whom. A client's device may only say `everyone`.
    pub audience: Audience,
    /// The words; may be empty when something is attached.
    pub body: String,
    /// When the author pressed send.
    pub sent_at: Millis,
    /// What goes with it. The bytes follow by tus, keyed by attachment id.
    pub attachments: Vec<NewAttachment>,
    /// Staff whom a note calls.
    #[ts(optional, as = "Option<Vec<StaffId>>")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<StaffId>,
    /// Send it then; until then it is for staff only. One whose time has passed is sent at once.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Millis>,
    /// Send it when the chat hours begin, or at once while they last; until then it is for staff only.
    #[ts(optional, as = "Option<bool>")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub when_open: bool,
}

/// An attachment announced with its message, before its bytes.
///
/// The upload that follows is tus `POST /v1/uploads` with `Upload-Length` and
/// `Upload-Metadata: attachment <base64 of the id>`; its address is `/v1/uploads/{attachment}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewAttachment {
    /// Its id.
    pub id: AttachmentId,
    /// What the sender says it is; the server looks for itself.
    pub kind: AttachmentKind,
    /// File name without a path.
    pub name: String,
    /// Media type as the sender knows it.
    pub mime: String,
    /// Size in bytes.
    #[ts(type = "number")]
    pub bytes: i64,
    /// Label or description, or empty.
    pub caption: String,
    /// When it was filmed, if known.
    pub captured_at: Option<Millis>,
    /// Present for a still.
    pub still_of: Option<StillOf>,
}

/// Something left Limpet. Told so that the audit log of the practice holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewExport {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which file of it; the transcript where there is none.
    pub attachment: Option<AttachmentId>,
    /// Whether it went into the practice management system, or was saved by a person.
    pub how: ExportKind,
    /// SHA-256 of what was written, lower-case hex.
    pub sha256: String,
    /// When, by the device's clock.
    pub at: Millis,
}

/// How something left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// Into the practice management system.
    Filed,
    /// Into a file of a person's choice.
    Saved,
}

/// A line of the audit log of a practice. Its hash holds the one before it: see `docs/SECURITY.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// From one, without a gap.
    #[ts(type = "number")]
    pub number: i64,
    /// When, by the server's clock.
    pub at: Millis,
    /// `staff`, `client`, `link`, `operator` or `server`.
    pub actor: String,
    /// Whose id, or empty.
    pub actor_id: String,
    /// What was done: `read`, `wrote`, `changed` and so on.
    pub act: String,
    /// What it was done to: `conversation`, `client` and so on.
    pub subject: String,
    /// Its id.
    pub subject_id: String,
    /// JSON, or empty: ids and facts, never what somebody wrote.
    pub detail: String,
    /// SHA-256 over this line and the hash before it, lower-case hex.
    pub hash: String,
}

/// A page of the audit log, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditPage {
    /// The lines.
    pub entries: Vec<AuditEntry>,
    /// Whether there are more: ask again with the last number.
    pub more: bool,
}
