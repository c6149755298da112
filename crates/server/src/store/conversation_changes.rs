//! What changes a conversation: staff, a read mark, a message that arrives.

use limpet_model::{
    Audience, Author, Conversation, ConversationId, ConversationState, Ending, Millis, Revision, Snooze,
};
use limpet_wire::http::{ConversationChange, SetSnooze};
use serde_json::{Value, json};

use super::{
    Result, Store, StoreError, Write,
    audit::Act,
    conversations::{ONE, update},
    due, endings,
    jobs::{self, Work},
    merges::find_now,
    messages, sorting, staff,
    terms::Terms,
};
use crate::{by::By, view::View};

impl Store {
    /// Changes what staff may change about a conversation. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` for an unknown conversation, assignee, department or tag, `Conflict` when it cannot be ended any more.
    pub async fn change_conversation(
        &self,
        by: By,
        id: ConversationId,
        change: &ConversationChange,
    ) -> Result<()> {
        self.change_conversation_on(by, id, change, &Terms::default()).await.map(drop)
    }

    /// The same on these terms. Answers its revision, or nothing when this was done before.
    ///
    /// # Errors
    /// Beside those `Conflict` when it is to be ended by nobody who answers for it.
    pub async fn change_conversation_on(
        &self,
        by: By,
        id: ConversationId,
        change: &ConversationChange,
        terms: &Terms,
    ) -> Result<Option<Revision>> {
        let (practice, now) = (by.practice, by.at);
        let mut write = self.write(by).await?;
        if terms.was_done(&mut write, &("conversation", id, change)).await? {
            write.discard().await?;
            return Ok(None);
        }
        let before = find_now(write.connection(), practice, View::Staff, id)
            .await?
            .ok_or(StoreError::Missing("conversation"))?;
        let now_at = ONE.find(write.connection(), practice, View::Staff, before.id).await?;
        let revision = now_at.ok_or(StoreError::Missing("conversation"))?.revision;
        terms.hold(Some(revision))?;
        let mut after = before.clone();
        if let Some(urgent) = change.urgent {
            after.urgent = urgent;
        }
        if let Some(assign) = change.assign {
            if let Some(to) = assign.to {
                let member = staff::find(write.connection(), practice, to).await?;
                if !member.is_some_and(|member| member.active) {
                    return Err(StoreError::Missing("staff member"));
                }
            }
            after.assignee = assign.to;
        }
        if let Some(SetSnooze { to }) = change.snooze {
            after.snooze = to;
        }
        if change.wave_off == Some(true) {
            (after.waiting_since, after.escalated_at) = (None, None);
        }
        sorting::sort_into(write.connection(), practice, &mut after, change).await?;
        match change.state {
            Some(ConversationState::Ended) => {
                let by = by.staff().ok_or(StoreError::Conflict(
                    "A conversation is ended by somebody of the staff, who answers for its summary and plan.",
                ))?;
                let ending = Ending {
                    at: change.at.unwrap_or(now),
                    by,
                    summary: change.summary.clone().unwrap_or_default(),
                    plan: change.plan.clone().unwrap_or_default(),
                };
                endings::end(&mut write, &mut after, ending, change.seen, now).await?;
            }
            Some(ConversationState::Open) => endings::reopen(&mut write, &mut after, now).await?,
            None => {}
        }
        if after == before {
            terms.leave(write).await?;
            return Ok(Some(revision));
        }
        update(&mut write, &after).await?;
        if let (Some(Snooze { until: Some(until) }), true) = (after.snooze, after.snooze != before.snooze) {
            jobs::queue(write.quiet(), practice, Work::Wake(id), until, now).await?;
        }
        log_change(&mut write, &before, &after);
        write.commit().await.map(Some)
    }

    /// Moves a read mark forward, never back and never past what is there to be read.
    pub async fn read_up_to(&self, by: By, view: View, id: ConversationId, at: Millis) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let before = find_now(write.connection(), practice, view, id)
            .await?
            .ok_or(StoreError::Missing("conversation"))?;
        let id = before.id;
        let newest = messages::newest(write.connection(), practice, view, id).await?.unwrap_or(Millis(0));
        let at = at.min(newest);
        let mut after = before.clone();
        let mark = match view {
            View::Staff => &mut after.read_by_staff,
            View::Client(_) => &mut after.read_by_client,
        };
        *mark = at.max(*mark);
        if after == before {
            return write.discard().await;
        }
        update(&mut write, &after).await?;
        write.log(Act::Read, id, json!({ "up_to": at }));
        write.commit().await.map(drop)
    }
}

/// What a message does to its conversation: a client's starts the waiting and opens what was ended, an answer
/// that the client can read ends the waiting.
pub(super) async fn message_arrived(
    write: &mut Write,
    conversation: &mut Conversation,
    author: Author,
    audience: Audience,
    at: Millis,
) -> Result<()> {
    let before = conversation.clone();
    match (author, audience) {
        (Author::Client(_), _) => {
            endings::reopen(write, conversation, at).await?;
            if conversation.waiting_since.is_none() {
                conversation.waiting_since = Some(at);
                due::wait(write, conversation.id, at).await?;
            }
            conversation.snooze = None;
            conversation.read_by_client = conversation.read_by_client.max(at);
        }
        (Author::Staff(_), Audience::Everyone) => {
            (conversation.waiting_since, conversation.escalated_at) = (None, None);
        }
        (Author::Staff(_), Audience::Staff) | (Author::System, _) => {}
    }
    if conversation.assignee != before.assignee {
        sorting::log_assignee(write, conversation.id, conversation.assignee);
    }
    if *conversation != before {
        update(write, conversation).await?;
    }
    Ok(())
}

fn log_change(write: &mut Write, before: &Conversation, after: &Conversation) {
    let id = after.id;
    match (before.state, after.state) {
        (ConversationState::Open, ConversationState::Ended) => write.log(Act::Ended, id, Value::Null),
        (ConversationState::Ended, ConversationState::Open) => write.log(Act::Reopened, id, Value::Null),
        _ => {}
    }
    if before.urgent != after.urgent {
        write.log(Act::Changed, id, json!({ "urgent": after.urgent }));
    }
    if before.snooze != after.snooze {
        write.log(Act::Changed, id, json!({ "snooze": after.snooze }));
    }
    let ended = before.state != after.state;
    if !ended && before.waiting_since.is_some() && after.waiting_since.is_none() {
        write.log(Act::Changed, id, json!({ "waved_off": true }));
    }
    if before.department != after.department {
        write.log(Act::Changed, id, json!({ "department": after.department }));
    }
    if before.tags != after.tags {
        write.log(Act::Changed, id, json!({ "tags": after.tags }));
    }
    if before.assignee != after.assignee {
        sorting::log_assignee(write, id, after.assignee);
    }
}
