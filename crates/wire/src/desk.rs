//! Answers of the desk calls, what they are asked, and the events that say when to ask again.
//!
//! The rule for the UI: query, listen, query again. Nothing here is a live object.

mod asked;

use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, Audience, Client, Conversation, ConversationId, Filing,
    Message, Millis, Patient, Practice, StaffMember, StillOf,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::asked::{
    AssignTo, BeHere, CaptureStill, ClientQuery, ConversationQuery, DeskSignIn, EndConversation,
    MakeTranscript, MarkUrgent, SaveAttachment, StageFile, StartConversation, Unstage,
};
use crate::{Failure, sound::SoundClock};

/// What happened in the desk. The UI asks again for what it shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeskEvent {
    /// Signed in or out, connection up or down, a notice appeared.
    State,
    /// Lists may have changed.
    Lists,
    /// These conversations changed: messages, attachments, deliveries, filings.
    Conversations {
        /// Which.
        ids: Vec<ConversationId>,
    },
    /// Somebody came into a conversation, left it, or began or stopped writing there.
    Presence {
        /// Which.
        conversation: ConversationId,
    },
    /// An upload or a download moved on.
    Progress {
        /// Which attachment.
        attachment: AttachmentId,
        /// Bytes that have arrived.
        #[ts(type = "number")]
        sent: i64,
        /// Bytes in all.
        #[ts(type = "number")]
        total: i64,
    },
    /// Where a clip that plays is.
    Sound {
        /// Which clip.
        clip: AttachmentId,
        /// Where.
        clock: SoundClock,
    },
}

/// Whether the server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// Nobody is signed in.
    SignedOut,
    /// Trying.
    Connecting,
    /// The change feed is up to date.
    Online,
    /// Not reachable; everything seen is here, and what is written goes out later.
    Offline,
}

/// The desk as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeskState {
    /// Who is signed in.
    pub session: Option<Session>,
    /// Whether the server can be reached.
    pub connection: Connection,
    /// Entries of the outbox that are not sent yet.
    pub unsent: u32,
    /// Changes to people and conversations among them that the server refused: they can be tried again or dropped.
    pub refused_changes: u32,
    /// Something a person has to know, such as a database that was rebuilt.
    pub notice: Option<Failure>,
    /// The server address used last, to fill in the sign-in form.
    pub server: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Session {
    /// The practice.
    pub practice: Practice,
    /// The staff member.
    pub staff: StaffMember,
}

/// A queue of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Open, and the client is waiting for an answer.
    Waiting,
    /// Open and assigned to the person signed in.
    Mine,
    /// Open and assigned to nobody.
    Unassigned,
    /// All open ones.
    Open,
    /// Ended ones, latest first.
    Ended,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConversationRow {
    /// The conversation.
    pub conversation: Conversation,
    /// The client's name.
    pub client: String,
    /// The patient's name.
    pub patient: String,
    /// The patient's species.
    pub species: String,
    /// The assignee's name, or empty.
    pub assignee: String,
    /// The last words, or what was attached; one line.
    pub last_words: String,
    /// Whether the last words are a staff member's.
    pub last_by_staff: bool,
    /// When the last message was received.
    pub last_at: Millis,
    /// How many clips it has.
    pub clips: u32,
    /// Whether the client wrote something no staff member has seen.
    pub unread: bool,
}

/// Rows of a queue and the sizes of all queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConversationList {
    /// The rows asked for. Urgent first, then longest-waiting.
    pub rows: Vec<ConversationRow>,
    /// How many rows the query has in all.
    pub total: u32,
    /// Sizes of the queues, in the order of [`Queue`], regardless of the search.
    pub counts: QueueCounts,
}

/// How many conversations each queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[expect(missing_docs, reason = "named after Queue")]
pub struct QueueCounts {
    pub waiting: u32,
    pub mine: u32,
    pub unassigned: u32,
    pub open: u32,
    pub ended: u32,
}

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    /// In the outbox.
    Queued,
    /// On its way now.
    Sending,
    /// The server has it.
    Sent,
    /// It has reached a device of the client.
    Delivered,
    /// The other side has seen it.
    Read,
    /// The server said no; kept until somebody retries or discards it.
    Refused {
        /// Why and what to do.
        reason: Failure,
    },
}

/// A message in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ThreadMessage {
    /// The message.
    pub message: Message,
    /// Its author's name.
    pub author: String,
    /// What goes with it, in order.
    pub attachments: Vec<Attachment>,
    /// How far it has come.
    pub delivery: Delivery,
}

/// A conversation with everything around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Thread {
    /// The conversation.
    pub conversation: Conversation,
    /// The client.
    pub client: Client,
    /// The patient.
    pub patient: Patient,
    /// Messages in order, those still in the outbox last.
    pub messages: Vec<ThreadMessage>,
    /// Filings of its transcript, latest first.
    pub filings: Vec<Filing>,
    /// What was written and not sent.
    pub draft: Draft,
    /// Everybody it can be assigned to.
    pub staff: Vec<StaffMember>,
}

/// Somebody else who is in a conversation now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonHere {
    /// Name.
    pub name: String,
    /// Whether it is the client.
    pub is_client: bool,
    /// Whether they are writing, and for whom.
    pub typing: Option<Audience>,
}

/// Words and files not yet sent. Kept in the outbox, so that a crash loses none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// Where.
    pub conversation: ConversationId,
    /// For whom.
    pub audience: Audience,
    /// The words.
    pub body: String,
    /// Files staged with it, in order.
    pub files: Vec<StagedFile>,
}

/// A file copied into the encrypted store, ready to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StagedFile {
    /// The id it will have as an attachment.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// File name without a path.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Size in bytes.
    #[ts(type = "number")]
    pub bytes: i64,
    /// Label, or empty.
    pub caption: String,
    /// Present for a still.
    pub still_of: Option<StillOf>,
}

/// A client and the patients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ClientRow {
    /// The client.
    pub client: Client,
    /// Their animals.
    pub patients: Vec<Patient>,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedFile {
    /// Where.
    pub path: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// A review room on a clip.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReviewRoom {
    /// The clip.
    pub clip: Attachment,
    /// Address of the frame socket, token included.
    pub socket: String,
}

/// Settings of this device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Folder that the practice management system watches; empty for none.
    pub filing_folder: String,
    /// Language tag, `en` or `es`; empty follows the system.
    pub language: String,
    /// `light`, `dark`, or empty to follow the system.
    pub theme: String,
    /// Megabytes of decoded pictures that a review room keeps, 128 to 4096; 0 leaves it to Limpet.
    pub review_memory_mb: u32,
}
