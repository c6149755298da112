//! The field's words as types: practice, staff member, client, patient, conversation, message,
//! attachment, filing.
//!
//! **Invariant:** nothing here does I/O, reads a clock or knows how a word is stored or sent.
//! Every other crate may depend on this one; it depends on none of them.

mod attachment;
mod consent;
mod conversation;
mod filing;
mod hold;
mod hours;
mod ids;
mod lists;
mod message;
mod people;
mod placeholders;
mod practice;
mod time;

pub use attachment::{Attachment, AttachmentKind, AttachmentState, ClipFacts, StillOf};
pub use consent::{Consent, ConsentText};
pub use conversation::{Conversation, ConversationState, Ending, Snooze};
pub use filing::{Filing, FilingState};
pub use hold::{Held, Hold, Lifted};
pub use hours::{Day, Hours, Span};
pub use ids::{
    AttachmentId, ClientId, ConsentId, ConversationId, DeliveryId, DepartmentId, ExportId, FilingId, HoldId,
    MessageId, ParseIdError, PatientId, PracticeId, StaffId, TagId, TemplateId, TokenId, WebhookId,
};
pub use lists::{Department, Tag, Template};
pub use message::{Audience, Author, Message};
pub use people::{Client, Patient, Role, Sex, StaffMember};
pub use placeholders::{Known, PLACEHOLDERS, UnknownPlaceholder, fill};
pub use practice::{Logo, Practice, PracticeSettings, RetentionGrace, UPLOAD_LIMIT, Wording, worded};
pub use time::{Micros, Millis, Pts, Revision, Timebase};
