//! The field's words as types: practice, staff member, client, patient, conversation, message,
//! attachment, filing.
//!
//! **Invariant:** nothing here does I/O, reads a clock or knows how a word is stored or sent.
//! Every other crate may depend on this one; it depends on none of them.

mod attachment;
mod conversation;
mod filing;
mod ids;
mod message;
mod people;
mod time;

pub use attachment::{Attachment, AttachmentKind, AttachmentState, ClipFacts, StillOf};
pub use conversation::{Conversation, ConversationState, Ending, Snooze};
pub use filing::{Filing, FilingState};
pub use ids::{
    AttachmentId, ClientId, ConversationId, DeliveryId, ExportId, FilingId, MessageId, ParseIdError,
    PatientId, PracticeId, StaffId, TokenId, WebhookId,
};
pub use message::{Audience, Author, Message};
pub use people::{Client, Patient, Practice, Role, Sex, StaffMember};
pub use time::{Micros, Millis, Pts, Revision, Timebase};
