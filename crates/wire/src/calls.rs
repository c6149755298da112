//! The one table of desk calls. The [`Call`] enum, the dispatcher [`answer`] and the TypeScript map come from it.

use limpet_model::{AttachmentId, Client, ConversationId, FilingId, MessageId, Patient};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::{
    Failure,
    desk::{
        AssignTo, BeHere, CaptureStill, ClientQuery, ClientRow, ConversationList, ConversationQuery,
        DeskSignIn, DeskState, Draft, EndConversation, MakeTranscript, MarkUrgent, PersonHere, ReviewRoom,
        SaveAttachment, SavedFile, Settings, StageFile, StagedFile, StartConversation, Thread, Unstage,
    },
    failure::Code,
    http::Invitation,
    sound::{PlaySound, SoundClock},
};

macro_rules! calls {
    ($($(#[doc = $doc:literal])* $name:ident($args:ty) -> $answer:ty;)*) => {
        /// A call from the UI: `{ "name": .., "args": .. }`.
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(tag = "name", content = "args")]
        #[expect(non_camel_case_types, reason = "a variant is the call's name as it crosses the boundary")]
        pub enum Call {
            $($(#[doc = $doc])* $name($args),)*
        }

        impl Call {
            /// The name, for logs: arguments may hold a client's words.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
        }

        /// Who can answer calls.
        #[expect(async_fn_in_trait, reason = "one implementation, called through the generic `answer`")]
        pub trait Answers {
            $($(#[doc = $doc])* async fn $name(&self, args: $args) -> Result<$answer, Failure>;)*
        }

        /// Answers one call as JSON.
        pub async fn answer(desk: &impl Answers, call: Call) -> Result<Value, Failure> {
            match call {
                $(Call::$name(args) => to_json(desk.$name(args).await?),)*
            }
        }

        /// Every call with its documentation and the TypeScript names of its argument and answer, in table order.
        pub fn table(config: &ts_rs::Config) -> Vec<CallRow> {
            vec![$(CallRow {
                name: stringify!($name),
                docs: concat!($($doc),*).trim(),
                args: <$args as TS>::name(config),
                answer: <$answer as TS>::name(config),
            },)*]
        }
    };
}

/// A row of the table, for generating TypeScript.
pub struct CallRow {
    /// The call.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static str,
    /// TypeScript name of the argument.
    pub args: String,
    /// TypeScript name of the answer.
    pub answer: String,
}

fn to_json<T: Serialize>(answer: T) -> Result<Value, Failure> {
    serde_json::to_value(answer)
        .map_err(|_| Failure::new(Code::Internal, "The answer could not be written as JSON."))
}

calls! {
    /// The desk as a whole.
    state(()) -> DeskState;
    /// Signs in; the first sync starts by itself.
    sign_in(DeskSignIn) -> DeskState;
    /// The page of a server, as it was typed, where a forgotten password is replaced. It is for a browser.
    reset_page(String) -> String;
    /// Signs out and removes the cache and the keys. Refused with `conflict` while something is unsent.
    sign_out(()) -> DeskState;
    /// Takes down the notice and drops the changes that it says were refused.
    dismiss_notice(()) -> DeskState;
    /// Sends changes that were refused once more.
    retry_changes(()) -> DeskState;
    /// A page of a queue.
    list_conversations(ConversationQuery) -> ConversationList;
    /// A conversation with everything around it.
    open_conversation(ConversationId) -> Thread;
    /// Everything in it has been seen.
    mark_read(ConversationId) -> ();
    /// Everybody else who is in it now.
    who_is_here(ConversationId) -> Vec<PersonHere>;
    /// Tells others that one is in a conversation, or writing there.
    be_here(BeHere) -> ();
    /// Opens a new conversation.
    start_conversation(StartConversation) -> ConversationId;
    /// A link for the client of a conversation. Needs the server.
    invite(ConversationId) -> Invitation;
    /// Assigns, or unassigns.
    assign(AssignTo) -> ();
    /// Urgent or not.
    mark_urgent(MarkUrgent) -> ();
    /// Keeps what is being written.
    save_draft(Draft) -> ();
    /// Copies a file into the encrypted store and adds it to the draft.
    stage_file(StageFile) -> StagedFile;
    /// Drops a file from the draft.
    unstage_file(Unstage) -> ();
    /// Sends the draft: durable in the outbox before this answers.
    send_message(Draft) -> MessageId;
    /// Tries a refused message again.
    retry_message(MessageId) -> ();
    /// Drops a refused message; its words come back as the draft.
    discard_message(MessageId) -> ();
    /// Clients and their patients.
    list_clients(ClientQuery) -> Vec<ClientRow>;
    /// Creates or changes a client.
    save_client(Client) -> ();
    /// Creates or changes a patient.
    save_patient(Patient) -> ();
    /// Opens a review room: starts the decoder child on a clip.
    open_review(AttachmentId) -> ReviewRoom;
    /// Closes it.
    close_review(AttachmentId) -> ();
    /// Plays a clip that is open for review with its sound, or goes on differently. Never fails for want of sound.
    play_sound(PlaySound) -> SoundClock;
    /// Stops it and answers exactly where.
    stop_sound(AttachmentId) -> SoundClock;
    /// Captures a frame into the draft of the clip's conversation.
    capture_still(CaptureStill) -> StagedFile;
    /// Saves the original of an attachment, byte for byte. Fetches it first if it is not on this computer.
    save_attachment(SaveAttachment) -> SavedFile;
    /// Ends a conversation and, if asked, queues the filing of its transcript.
    end_conversation(EndConversation) -> ();
    /// Opens an ended conversation again.
    reopen_conversation(ConversationId) -> ();
    /// Saves a transcript as PDF.
    save_transcript(MakeTranscript) -> SavedFile;
    /// Queues the filing of an ended conversation's transcript.
    file_transcript(MakeTranscript) -> FilingId;
    /// Tries a refused or waiting filing now.
    retry_filing(FilingId) -> ();
    /// Drops a refused or waiting filing.
    discard_filing(FilingId) -> ();
    /// Settings of this device.
    settings(()) -> Settings;
    /// Changes them. A filing folder is checked by writing to it.
    save_settings(Settings) -> Settings;
}
