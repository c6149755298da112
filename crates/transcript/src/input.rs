//! What a transcript is made of.
//!
//! **Invariant:** everything that ends up on paper is in here. Whoever fills it decides what the reader may
//! see, except for one thing: notes are left out unless `include_notes` says so.

use std::collections::BTreeMap;

use limpet_model::{AttachmentId, Client, Conversation, Millis, Patient, Practice, StaffMember};
use limpet_wire::desk::{Thread, ThreadMessage};

/// Language of the words that are not the writers' own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// From a language tag such as `es-MX`; English for every language there are no words for.
    pub fn from_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("es") { Self::Spanish } else { Self::English }
    }

    /// The tag, as a PDF names its language.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }
}

/// A picture for an attachment: the poster of a clip or photo, the still itself.
///
/// Give posters and stills made by our own decoder, never the bytes a client sent: pictures are decoded here,
/// in the calling process.
#[derive(Clone, PartialEq, Eq)]
pub enum Picture {
    /// A JPEG, PNG or WebP file.
    Encoded(Vec<u8>),
    /// Rows of red, green and blue bytes from the top, without padding.
    Rgb {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// `width * height * 3` bytes.
        rgb: Vec<u8>,
    },
}

/// A conversation as it goes to paper.
#[derive(Clone)]
pub struct Transcript {
    /// Letterhead and time zone.
    pub practice: Practice,
    /// The practice's logo, where it has one and it is here.
    pub logo: Option<Picture>,
    /// The client.
    pub client: Client,
    /// The patient.
    pub patient: Patient,
    /// The conversation.
    pub conversation: Conversation,
    /// Everybody who may be named: assignee, authors, whoever ended it.
    pub staff: Vec<StaffMember>,
    /// Messages and notes in the order of the thread.
    pub messages: Vec<ThreadMessage>,
    /// Pictures of attachments. One that is absent or cannot be read is said to be missing.
    pub pictures: BTreeMap<AttachmentId, Picture>,
    /// Whether notes are printed.
    pub include_notes: bool,
    /// Language of headings and labels.
    pub language: Language,
    /// Which transcript of this conversation this is, from one.
    pub version: u32,
    /// When it is made.
    pub generated_at: Millis,
}

impl Transcript {
    /// From a thread as the desk shows it: without notes, in English, without pictures, version 1.
    pub fn of(practice: Practice, thread: Thread, generated_at: Millis) -> Self {
        Self {
            practice,
            logo: None,
            client: thread.client,
            patient: thread.patient,
            conversation: thread.conversation,
            staff: thread.staff,
            messages: thread.messages,
            pictures: BTreeMap::new(),
            include_notes: false,
            language: Language::default(),
            version: 1,
            generated_at,
        }
    }
}
