//! `limpet-cli transcript CONVERSATION_ID -o FILE.pdf`: the PDF of a conversation from the local copy.
//!
//! Works offline, and while the desktop app is open: the profile is only read.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use limpet_desk::{DeskOptions, TranscriptOptions, transcript_beside};
use limpet_model::ConversationId;

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Transcript {
    /// The conversation, as the desktop app or the server names it.
    conversation: ConversationId,
    /// The PDF to write. An existing file is replaced.
    #[arg(short, long, value_name = "FILE.pdf")]
    output: PathBuf,
    /// Print notes, too. They are for staff only.
    #[arg(long)]
    notes: bool,
    /// Folder of the profile.
    #[arg(long, env = "LIMPET_PROFILE", value_name = "DIR")]
    profile: Option<PathBuf>,
}

/// Runs it. Prints nothing when it went well.
pub fn run(arguments: Transcript) -> anyhow::Result<()> {
    let profile = crate::sign_in::profile(arguments.profile)?;
    let options = DeskOptions::new(profile);
    let wanted = TranscriptOptions { conversation: arguments.conversation, include_notes: arguments.notes };
    let pdf = crate::sign_in::runtime()?.block_on(transcript_beside(
        &options.profile,
        Arc::clone(&options.vault),
        Arc::clone(&options.clock),
        wanted,
    ))?;
    std::fs::write(&arguments.output, pdf)
        .with_context(|| format!("{} could not be written", arguments.output.display()))
}
