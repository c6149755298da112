//! Identifiers. Whoever creates a thing makes its id, so that every write can be repeated safely.
//!
//! **Invariant:** an id is a UUID and its type says what it names; two kinds never mix.
//!
//! Those made here are version 7, in the order of their making. An import makes version 8 of a practice's own numbers, so
//! that the same file makes the same ids. Of ids that others made only equality is relied on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// The text is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id: expected a UUID")
    }
}

impl std::error::Error for ParseIdError {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[ts(type = "string")]
        pub struct $name(Uuid);

        impl $name {
            /// The id of nothing: none is ever made like it.
            pub const NOBODYS: Self = Self(Uuid::nil());

            /// A new id, version 7: ordered by creation time.
            #[expect(clippy::new_without_default, reason = "a default id would be a different one each time")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The bytes, big endian.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| ParseIdError)
            }
        }
    )*};
}

ids! {
    /// A practice: the tenant. Nothing is ever shared between two of them.
    PracticeId;
    /// A staff member of a practice.
    StaffId;
    /// A client: the pet owner.
    ClientId;
    /// A patient: the animal.
    PatientId;
    /// A conversation between a client and the practice about one patient.
    ConversationId;
    /// A message or a note in a conversation.
    MessageId;
    /// A clip, photo, still or document.
    AttachmentId;
    /// A token of an integration.
    TokenId;
    /// Somebody who is told when something happened.
    WebhookId;
    /// One thing that a webhook is told.
    DeliveryId;
    /// A transcript on its way into the practice management system.
    FilingId;
    /// Something that left Limpet: a transcript that was filed or saved, a file that was saved.
    ExportId;
    /// A department of a practice.
    DepartmentId;
    /// A tag that staff mark conversations with.
    TagId;
    /// A canned reply.
    TemplateId;
    /// What a client said to the consent text.
    ConsentId;
    /// A hold, which keeps something however old it is.
    HoldId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_by_creation_and_survive_text() -> Result<(), ParseIdError> {
        let (first, second) = (MessageId::new(), MessageId::new());
        assert!(first < second);
        assert_eq!(first.to_string().parse::<MessageId>()?, first);
        assert_eq!("limpet".parse::<MessageId>(), Err(ParseIdError));
        Ok(())
    }
}
