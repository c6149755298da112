//! What jobs are about: each kind of work, what it is done on, and who does it.

use std::fmt;

use limpet_model::{AttachmentId, ConversationId, DeliveryId, MessageId, PracticeId, StaffId};
use sqlx::any::AnyRow;

use super::super::{Result, StoreError, row::Columns};

/// What is to be done, on what. There is at most one job for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Look at a file that arrived, and make what is needed to show it.
    Prepare(AttachmentId),
    /// Bring back a conversation that was put off until now.
    Wake(ConversationId),
    /// Bring a client who still waits to everybody's notice.
    Escalate(ConversationId),
    /// Send a message that was to be sent now.
    Send(MessageId),
    /// Tell a webhook what happened.
    Tell(DeliveryId),
    /// Mail an invitation to a new staff member.
    Invite(StaffId),
    /// Mail a link to a staff member who forgot the password.
    Reset(StaffId),
    /// Remove what is old enough of a practice: once a day.
    Retain(PracticeId),
    /// Remove the files of an attachment that was removed.
    Forget(AttachmentId),
}

impl Work {
    pub(super) fn words(self) -> (&'static str, String) {
        match self {
            Self::Prepare(attachment) => ("prepare", attachment.to_string()),
            Self::Wake(conversation) => ("wake", conversation.to_string()),
            Self::Escalate(conversation) => ("escalate", conversation.to_string()),
            Self::Send(message) => ("send", message.to_string()),
            Self::Tell(delivery) => ("tell", delivery.to_string()),
            Self::Invite(staff) => ("invite", staff.to_string()),
            Self::Reset(staff) => ("reset", staff.to_string()),
            Self::Retain(practice) => ("retain", practice.to_string()),
            Self::Forget(attachment) => ("forget", attachment.to_string()),
        }
    }

    pub(super) fn read(row: &AnyRow) -> Result<Self> {
        match row.text("kind")?.as_str() {
            "prepare" => Ok(Self::Prepare(row.id("subject_id")?)),
            "wake" => Ok(Self::Wake(row.id("subject_id")?)),
            "escalate" => Ok(Self::Escalate(row.id("subject_id")?)),
            "send" => Ok(Self::Send(row.id("subject_id")?)),
            "tell" => Ok(Self::Tell(row.id("subject_id")?)),
            "invite" => Ok(Self::Invite(row.id("subject_id")?)),
            "reset" => Ok(Self::Reset(row.id("subject_id")?)),
            "retain" => Ok(Self::Retain(row.id("subject_id")?)),
            "forget" => Ok(Self::Forget(row.id("subject_id")?)),
            _ => Err(StoreError::Unreadable("kind")),
        }
    }

    /// What kind of work it is, in a word.
    pub fn kind(self) -> &'static str {
        self.words().0
    }

    /// The id of what it is done on.
    pub fn subject(self) -> String {
        self.words().1
    }

    /// Who does it.
    pub fn lane(self) -> Lane {
        match self {
            Self::Prepare(_) => Lane::Heavy,
            Self::Wake(_) | Self::Escalate(_) | Self::Send(_) => Lane::Light,
            Self::Tell(_) => Lane::Outside,
            Self::Invite(_) | Self::Reset(_) => Lane::Post,
            Self::Retain(_) | Self::Forget(_) => Lane::Removal,
        }
    }
}

/// Workers of a lane take nothing of another: what takes a moment never waits for what takes minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Takes a processor for minutes.
    Heavy,
    /// Takes a moment.
    Light,
    /// Waits for somebody else's server.
    Outside,
    /// Waits for the mail server; only nodes that have one do it.
    Post,
    /// Removes what is old; nobody waits for it.
    Removal,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, subject) = self.words();
        write!(f, "{kind} {subject}")
    }
}
