//! What a person is told when something did not work.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Exists only where somebody acts on the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No way to the server; it goes on by itself.
    Offline,
    /// The session is over: sign in again.
    SignedOut,
    /// The password is right, and a code beside it is asked for, or another one than that; the message says which.
    CodeNeeded,
    /// There is no such thing here, or it is not yours.
    NotFound,
    /// Somebody else changed it first, or it is not in a state for that.
    Conflict,
    /// The file cannot be read as what it claims to be.
    BadClip,
    /// Over the size limit.
    TooLarge,
    /// What was typed or chosen does not fit; the message says what does.
    Invalid,
    /// Too many attempts; the message says when to try again.
    TooMany,
    /// The other side has no room left.
    NoRoom,
    /// Our fault. The message carries a number that support can look up. What a newer server says that is not known here
    /// reads as this, too: its message says what to do all the same.
    #[serde(other)]
    Internal,
}

/// A failure somebody can act on: the message says what happened and what to do, in a sentence that can be
/// shown as it is. It never carries a client's words, a path on the server or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// What to do about it, for a program.
    pub code: Code,
    /// What to do about it, for a person.
    pub message: String,
}

impl Failure {
    /// A failure with a sentence for the person.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_server_says_is_read_with_its_message() {
        let read = |code: &str| {
            let json = format!(r#"{{ "code": "{code}", "message": "Come back on Monday." }}"#);
            serde_json::from_str::<Failure>(&json).map_err(|error| error.to_string())
        };
        assert_eq!(read("closed_today"), Ok(Failure::new(Code::Internal, "Come back on Monday.")));
        assert_eq!(read("no_room").map(|failure| failure.code), Ok(Code::NoRoom));
        assert_eq!(serde_json::to_string(&Code::Internal).ok().as_deref(), Some("\"internal\""));
    }
}
