//! A desk at the end of a line that a test slows down and cuts, and a client who sends clips.

use std::{sync::Arc, time::Duration};

use limpet_desk::{Desk, DeskOptions};
use limpet_model::*;
use limpet_sync::plan::Pace;
use limpet_video::ByteSource;
use limpet_wire::{calls::Answers as _, desk::*};

use super::{line::Line, phone::Phone, *};

/// A practice, a desk at the end of a line, and a phone.
pub struct Scene {
    pub practice: Clinic,
    pub line: Line,
    pub profile: Profile,
    pub desk: Desk,
    pub conversation: ConversationId,
    pub phone: Phone,
}

impl Scene {
    /// Nothing is fetched ahead unless there is a budget for it.
    pub async fn open(media_budget: u64) -> Self {
        let practice = Clinic::start();
        let (line, profile) = (Line::to(practice.server.url()), Profile::new());
        let desk = Desk::open(quick(&profile, media_budget)).await.unwrap();
        let wanted = DeskSignIn {
            server: line.url.clone(),
            email: "ana@example.org".into(),
            password: PASSWORD.into(),
            code: None,
        };
        desk.sign_in(wanted).await.unwrap();
        online(&desk).await;
        let (_, _, conversation) = matter(&desk).await;
        all_sent(&desk).await;
        let phone = Phone::open(practice.server.url(), &desk.invite(conversation).await.unwrap());
        Self { practice, line, profile, desk, conversation, phone }
    }

    /// The client sends a clip; it is ready, and not on this computer.
    pub async fn clip(&self, clip: &[u8]) -> Attachment {
        let message = self.phone.send("Look at her leg", Some(("walk.mp4", clip)));
        until(&self.desk, "the clip is ready", async || {
            let thread = self.desk.open_conversation(self.conversation).await.ok()?;
            let of = |it: &Attachment| it.message == message && it.state == AttachmentState::Ready;
            thread.messages.into_iter().flat_map(|it| it.attachments).find(of)
        })
        .await
    }

    pub async fn bytes(&self, clip: &Attachment) -> Arc<dyn ByteSource> {
        self.desk.clip_bytes(clip.id).await.unwrap()
    }

    pub fn has(&self, clip: &Attachment, ending: &str) -> bool {
        self.profile.file(&format!("cache/media/{}-original{ending}", clip.id)).exists()
    }

    /// Waits until nothing more is asked for.
    pub async fn quiet(&self) -> u64 {
        loop {
            let before = (self.line.asked().len(), self.line.carried());
            tokio::time::sleep(Duration::from_millis(400)).await;
            if before == (self.line.asked().len(), self.line.carried()) {
                return before.1;
            }
        }
    }
}

pub fn quick(profile: &Profile, media_budget: u64) -> DeskOptions {
    let pace = Pace {
        first: Duration::from_millis(100),
        longest: Duration::from_millis(400),
        silence: Duration::from_secs(45),
    };
    DeskOptions { media_budget, pace, ..profile.options() }
}
