//! A practice with years of conversations in it.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use limpet_model::{Audience, ConversationId, MessageId};
use limpet_wire::http::NewMessage;
use reqwest::Client as Http;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Target, at_once, people,
    usage::{cpu_between, used},
};
use crate::clinic::{self, api::Device};

/// Messages of a conversation.
const MESSAGES: usize = 10;
/// Conversations of a client, all about one animal.
const CONVERSATIONS: usize = 4;

const WORDS: [&str; 5] = [
    "She has been limping since this morning, mostly when she gets up. I filmed her on the stairs.",
    "Thank you for the clip. Could you film her once more from the side, walking towards the camera on a hard floor?",
    "Here it is.",
    "It is the left hind leg: she puts it down on the toes only. Please keep her on the lead for three days and give half a \
     tablet with food in the evening. If it is not better by Thursday, or if she stops putting it down, come in and we \
     will take a picture of the knee.",
    "Thanks, I will!",
];

/// How much is to be written.
#[derive(Args)]
pub struct Wanted {
    #[command(flatten)]
    target: Target,
    /// Messages.
    #[arg(long)]
    messages: usize,
    /// Clients whose conversations are written at once.
    #[arg(long, default_value_t = 16)]
    parallel: usize,
}

/// A message with words of the usual lengths.
pub(super) fn message(conversation: ConversationId, number: usize) -> NewMessage {
    NewMessage {
        conversation,
        audience: Audience::Everyone,
        body: WORDS.get(number % WORDS.len()).copied().unwrap_or_default().into(),
        sent_at: clinic::now(),
        attachments: Vec::new(),
        mentions: Vec::new(),
        due_at: None,
        when_open: false,
    }
}

pub(super) async fn fill(wanted: Wanted) -> Result<Value> {
    let practice = people::read(&wanted.target.people)?.into_iter().next().context("no practice")?;
    let desk = Arc::new(Device::with(&Http::new(), &wanted.target.url, practice.desk));
    let (begun, before) = (Instant::now(), used(&wanted.target.watched));
    let clients = wanted.messages.div_ceil(MESSAGES * CONVERSATIONS);
    at_once(wanted.parallel, 0..clients, |number| {
        let desk = desk.clone();
        async move {
            let (client, patient, mut conversation) = people::open(&desk, number).await?;
            for nth in 0..CONVERSATIONS {
                if nth > 0 {
                    conversation = people::converse(&desk, client, patient).await?;
                }
                for message_number in 0..MESSAGES {
                    let new = message(conversation, message_number);
                    desk.put(&format!("/v1/messages/{}", MessageId::new()), &new).await?;
                }
            }
            Ok(())
        }
    })
    .await?;
    Ok(json!({
        "messages": clients * CONVERSATIONS * MESSAGES,
        "writes": clients * (2 + CONVERSATIONS * (1 + MESSAGES)),
        "seconds": begun.elapsed().as_secs_f64(),
        "cpu_s": cpu_between(&before, &used(&wanted.target.watched)),
    }))
}
