//! What every practice management system looks like from here.

use limpet_model::{Client, ConversationId, Patient};

/// A transcript ready to be filed.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// The PDF.
    pub pdf: &'a [u8],
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The client it was with.
    pub client: &'a Client,
    /// The patient whose record it goes to.
    pub patient: &'a Patient,
    /// The day the conversation ended, in the practice's time zone, `YYYY-MM-DD`.
    pub date: &'a str,
    /// Which transcript of this conversation, from one.
    pub version: u32,
    /// One line for the record: the reason of the conversation.
    pub description: &'a str,
}

/// Proof of a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Where: a path or an address.
    pub place: String,
    /// SHA-256 of the PDF, lower-case hex.
    pub sha256: String,
    /// It was there already, with the same content.
    pub already: bool,
}

/// How an attempt to file ended. The sentences are for the person who looks at the filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilingOutcome {
    /// The target has it.
    Filed(Filed),
    /// The target cannot be reached or has no room: try again later, it may go through without anybody's doing.
    Waiting {
        /// What it is waiting for, and what helps.
        reason: String,
    },
    /// The target said no: trying again without a change changes nothing.
    Refused {
        /// What happened and what to do.
        reason: String,
    },
}

/// Where a filed transcript is now, as far as can be seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// Still where it was filed: nobody has imported it yet.
    There,
    /// Gone from there, as it is after an import.
    Taken,
    /// There, with other content than was filed.
    Changed,
    /// Cannot be seen now.
    Unknown,
}

/// A practice management system that transcripts are filed into.
///
/// Calls block: on a disk, on a share that may be slow to answer.
pub trait Target: Send + Sync {
    /// Its name, as settings show it.
    fn name(&self) -> String;

    /// Whether a transcript could be filed now, without filing one. `Err` holds the sentence for the person.
    fn check(&self) -> Result<(), String>;

    /// Files a transcript. May be repeated: a transcript that is already there is found, not filed again.
    fn file(&self, paper: &Paper<'_>) -> FilingOutcome;

    /// Looks after a transcript that was filed.
    fn whereabouts(&self, filed: &Filed) -> Whereabouts;
}
