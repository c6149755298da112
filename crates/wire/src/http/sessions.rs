//! Sign-in, sessions, what an administrator changes of an account, and links for clients.

use limpet_model::{ClientId, ConversationId, Millis, Practice, Role, StaffMember};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
