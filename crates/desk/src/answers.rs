//! Every desk call, each passed to the room that answers it.

use limpet_model::{AttachmentId, Client, ConversationId, FilingId, MessageId, Patient};
use limpet_wire::{
    Failure,
    calls::Answers,
    desk::{
        AssignTo, BeHere, CaptureStill, ClientQuery, ClientRow, ConversationList, ConversationQuery,
        DeskSignIn, DeskState, Draft, EndConversation, MakeTranscript, MarkUrgent, PersonHere, ReviewRoom,
        SaveAttachment, SavedFile, Settings, StageFile, StagedFile, StartConversation, Thread, Unstage,
    },
    http::Invitation,
    sound::{PlaySound, SoundClock},
};

use crate::{
    Desk, care, compose, filings, lists, papers, people, presence, review, save, session, settings, sound,
    stills, thread,
};

impl Answers for Desk {
    async fn state(&self, (): ()) -> Result<DeskState, Failure> {
        session::state(&self.hub).await
    }

    async fn sign_in(&self, wanted: DeskSignIn) -> Result<DeskState, Failure> {
        session::sign_in(&self.hub, wanted).await
    }

    async fn reset_page(&self, server: String) -> Result<String, Failure> {
        session::reset_page(&server)
    }

    async fn sign_out(&self, (): ()) -> Result<DeskState, Failure> {
        session::sign_out(&self.hub).await
    }

    async fn dismiss_notice(&self, (): ()) -> Result<DeskState, Failure> {
        care::drop_refused(&self.hub).await?;
        session::state(&self.hub).await
    }

    async fn retry_changes(&self, (): ()) -> Result<DeskState, Failure> {
        care::retry_refused(&self.hub).await?;
        session::state(&self.hub).await
    }

    async fn list_conversations(&self, query: ConversationQuery) -> Result<ConversationList, Failure> {
        lists::conversations(&self.hub, query).await
    }

    async fn open_conversation(&self, id: ConversationId) -> Result<Thread, Failure> {
        thread::open(&self.hub, id).await
    }

    async fn mark_read(&self, id: ConversationId) -> Result<(), Failure> {
        thread::mark_read(&self.hub, id).await
    }

    async fn who_is_here(&self, id: ConversationId) -> Result<Vec<PersonHere>, Failure> {
        presence::who(&self.hub, id).await
    }

    async fn be_here(&self, wanted: BeHere) -> Result<(), Failure> {
        presence::be_here(&self.hub, wanted).await
    }

    async fn start_conversation(&self, wanted: StartConversation) -> Result<ConversationId, Failure> {
        care::start(&self.hub, wanted).await
    }

    async fn invite(&self, id: ConversationId) -> Result<Invitation, Failure> {
        care::invite(&self.hub, id).await
    }

    async fn assign(&self, wanted: AssignTo) -> Result<(), Failure> {
        care::assign(&self.hub, wanted).await
    }

    async fn mark_urgent(&self, wanted: MarkUrgent) -> Result<(), Failure> {
        care::mark_urgent(&self.hub, wanted).await
    }

    async fn save_draft(&self, draft: Draft) -> Result<(), Failure> {
        compose::save_draft(&self.hub, draft).await
    }

    async fn stage_file(&self, wanted: StageFile) -> Result<StagedFile, Failure> {
        compose::stage(&self.hub, wanted).await
    }

    async fn unstage_file(&self, wanted: Unstage) -> Result<(), Failure> {
        compose::unstage(&self.hub, wanted).await
    }

    async fn send_message(&self, draft: Draft) -> Result<MessageId, Failure> {
        compose::send(&self.hub, draft).await
    }

    async fn retry_message(&self, id: MessageId) -> Result<(), Failure> {
        compose::retry(&self.hub, id).await
    }

    async fn discard_message(&self, id: MessageId) -> Result<(), Failure> {
        compose::discard(&self.hub, id).await
    }

    async fn list_clients(&self, query: ClientQuery) -> Result<Vec<ClientRow>, Failure> {
        people::list(&self.hub, query).await
    }

    async fn save_client(&self, client: Client) -> Result<(), Failure> {
        people::save_client(&self.hub, client).await
    }

    async fn save_patient(&self, patient: Patient) -> Result<(), Failure> {
        people::save_patient(&self.hub, patient).await
    }

    async fn open_review(&self, clip: AttachmentId) -> Result<ReviewRoom, Failure> {
        review::open(&self.hub, clip).await
    }

    async fn close_review(&self, clip: AttachmentId) -> Result<(), Failure> {
        review::close(&self.hub, clip).await
    }

    async fn play_sound(&self, wanted: PlaySound) -> Result<SoundClock, Failure> {
        sound::play(&self.hub, wanted).await
    }

    async fn stop_sound(&self, clip: AttachmentId) -> Result<SoundClock, Failure> {
        sound::stop(&self.hub, clip).await
    }

    async fn capture_still(&self, wanted: CaptureStill) -> Result<StagedFile, Failure> {
        stills::capture(&self.hub, wanted).await
    }

    async fn save_attachment(&self, wanted: SaveAttachment) -> Result<SavedFile, Failure> {
        save::original(&self.hub, wanted).await
    }

    async fn end_conversation(&self, wanted: EndConversation) -> Result<(), Failure> {
        care::end(&self.hub, wanted).await
    }

    async fn reopen_conversation(&self, id: ConversationId) -> Result<(), Failure> {
        care::reopen(&self.hub, id).await
    }

    async fn save_transcript(&self, wanted: MakeTranscript) -> Result<SavedFile, Failure> {
        papers::save(&self.hub, wanted).await
    }

    async fn file_transcript(&self, wanted: MakeTranscript) -> Result<FilingId, Failure> {
        filings::queue(&self.hub, wanted).await
    }

    async fn retry_filing(&self, id: FilingId) -> Result<(), Failure> {
        filings::retry(&self.hub, id).await
    }

    async fn discard_filing(&self, id: FilingId) -> Result<(), Failure> {
        filings::discard(&self.hub, id).await
    }

    async fn settings(&self, (): ()) -> Result<Settings, Failure> {
        settings::settings(&self.hub).await
    }

    async fn save_settings(&self, wanted: Settings) -> Result<Settings, Failure> {
        settings::save(&self.hub, wanted).await
    }
}
