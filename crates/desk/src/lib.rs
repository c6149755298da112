//! The desktop app without a window.

use std::{path::PathBuf, sync::Arc};

use limpet_model::{AttachmentId, Client, ConversationId, FilingId, MessageId, Patient};
use limpet_wire::{Code, Failure, calls::{self, Answers, Call}, desk::*, http::Invitation};
use serde_json::Value;
use tokio::sync::broadcast;

pub use limpet_cache::media::MediaKind;
pub mod vault;
use vault::Vault;

/// What a desk needs to open.
pub struct DeskOptions {
    /// Folder of the profile.
    pub profile: PathBuf,
    /// Where its secrets are.
    pub vault: Arc<dyn Vault>,
}

impl DeskOptions {
    /// A profile whose secrets are in the keyring of the operating system.
    pub fn new(profile: PathBuf) -> Self {
        let vault = Arc::new(vault::Keyring::new(&profile));
        Self { profile, vault }
    }
}

/// The profile's folder when none is named: the platform's data folder.
pub fn default_profile() -> Result<PathBuf, Failure> {
    Err(Failure::new(Code::Internal, ""))
}

/// Bytes of a picture or document.
pub struct Media {
    /// Media type.
    pub mime: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The desktop app without a window. Cheap to clone.
#[derive(Clone)]
pub struct Desk {}

impl Desk {
    /// Opens a profile.
    pub async fn open(_options: DeskOptions) -> Result<Self, Failure> { Ok(Self {}) }
    /// Answers a call as JSON.
    pub async fn answer(&self, call: Call) -> Result<Value, Failure> { calls::answer(self, call).await }
    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<DeskEvent> { broadcast::channel(1).1 }
    /// The bytes of a picture, poster or document, staged ones too.
    pub async fn media(&self, _attachment: AttachmentId, _kind: MediaKind) -> Result<Media, Failure> { Err(Failure::new(Code::Internal, "")) }
    /// Stops everything and writes what is left to write.
    pub async fn close(&self) {}
}

impl Answers for Desk {
    async fn state(&self, _args: ()) -> Result<DeskState, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn sign_in(&self, _args: DeskSignIn) -> Result<DeskState, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn sign_out(&self, _args: ()) -> Result<DeskState, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn dismiss_notice(&self, _args: ()) -> Result<DeskState, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn list_conversations(&self, _args: ConversationQuery) -> Result<ConversationList, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn open_conversation(&self, _args: ConversationId) -> Result<Thread, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn mark_read(&self, _args: ConversationId) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn start_conversation(&self, _args: StartConversation) -> Result<ConversationId, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn invite(&self, _args: ConversationId) -> Result<Invitation, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn assign(&self, _args: AssignTo) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn mark_urgent(&self, _args: MarkUrgent) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn save_draft(&self, _args: Draft) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn stage_file(&self, _args: StageFile) -> Result<StagedFile, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn unstage_file(&self, _args: Unstage) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn send_message(&self, _args: Draft) -> Result<MessageId, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn retry_message(&self, _args: MessageId) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn discard_message(&self, _args: MessageId) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn list_clients(&self, _args: ClientQuery) -> Result<Vec<ClientRow>, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn save_client(&self, _args: Client) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn save_patient(&self, _args: Patient) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn open_review(&self, _args: AttachmentId) -> Result<ReviewRoom, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn close_review(&self, _args: AttachmentId) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn capture_still(&self, _args: CaptureStill) -> Result<StagedFile, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn end_conversation(&self, _args: EndConversation) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn reopen_conversation(&self, _args: ConversationId) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn save_transcript(&self, _args: MakeTranscript) -> Result<SavedFile, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn file_transcript(&self, _args: MakeTranscript) -> Result<FilingId, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn retry_filing(&self, _args: FilingId) -> Result<(), Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn settings(&self, _args: ()) -> Result<Settings, Failure> { Err(Failure::new(Code::Internal, "")) }
    async fn save_settings(&self, _args: Settings) -> Result<Settings, Failure> { Err(Failure::new(Code::Internal, "")) }
}
