//! Accounts of staff: invited, forgotten passwords, the second step of signing in.

use limpet_model::{Millis, Role};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A new staff member, who has no password yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewStaff {
    /// Name as clients see it.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Sign-in name and where the invitation goes.
    pub email: String,
    /// Language tag of the invitation.
    #[serde(default)]
    pub language: String,
}

/// In which language somebody is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct InLanguage {
    /// Language tag.
    pub language: String,
}

/// An invitation that is on its way, or to be handed over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaffInvitation {
    /// The link, where this server sends no mail. Absent when it was mailed.
    pub link: Option<String>,
    /// Until when the link opens; absent when it was mailed, for then it counts from when the mail goes out.
    pub expires_at: Option<Millis>,
}

/// Somebody forgot their password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordReset {
    /// Sign-in name.
    pub email: String,
    /// Language tag of the mail.
    #[serde(default)]
    pub language: String,
}

/// The password once more, before something that a passer-by must not do.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Password {
    /// It.
    pub password: String,
}

/// A code as it was typed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TypedCode {
    /// Six digits.
    pub code: String,
}

/// Both steps of signing in, once more.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordAndCode {
    /// The password.
    pub password: String,
    /// Six digits, or a recovery code.
    pub code: String,
}

/// How somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecondStep {
    /// Whether a code is asked for beside the password.
    pub on: bool,
    /// Whether the practice requires it.
    pub required: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
}

/// A secret for an authenticator app. It is shown this once, and asked for after a first code of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewSecret {
    /// Base 32, to be typed.
    pub secret: String,
    /// `otpauth://` link, for a QR code.
    pub link: String,
}

/// Codes for when the authenticator app is gone. They are shown this once; each is taken once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryCodes {
    /// Ten.
    pub codes: Vec<String>,
}
