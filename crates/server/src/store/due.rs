//! What is due: conversations that were put off come back, messages are sent later, and a client who waited too long is
//! brought to everybody's notice. Each is a job; what it finds when its time has come is what counts.

use limpet_model::{ConversationId, ConversationState, MessageId, Millis, PracticeSettings};
use serde_json::{Value, json};

use super::{
    Result, Store, StoreError, Write, attachments,
    audit::Act,
    conversations,
    jobs::{self, Job, PutBack, Work},
    messages, practices,
    row::Columns,
};
use crate::{by::By, view::View};

/// What is to be done about something that was due.
enum Due {
    /// There is nothing to do any more.
    Nothing,
    /// It is due later by now.
    Later(Millis),
    /// This is the moment.
    Now,
}

impl Due {
    fn of(at: Option<Millis>, now: Millis) -> Self {
        match at {
            None => Self::Nothing,
            Some(at) if at > now => Self::Later(at),
            Some(_) => Self::Now,
        }
    }
}

impl Store {
    /// Brings a conversation back whose time has come. False when the claim no longer counts.
    pub async fn wake_conversation(&self, job: Job, id: ConversationId, now: Millis) -> Result<bool> {
        let mut write = self.write(By::server(job.practice, now)).await?;
        // It may have become part of another one, which has a job of its own.
        let found = conversations::find(write.connection(), job.practice, View::Staff, id).await?;
        let due = Due::of(found.as_ref().and_then(|it| it.snooze).and_then(|snooze| snooze.until), now);
        let ours = settle(&mut write, job, &due).await?;
        let (Some(mut conversation), None) = (found, ours) else { return leave(write, ours).await };
        conversation.snooze = None;
        conversations::update(&mut write, &conversation).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Brings a client who still waits to everybody's notice. False when the claim no longer counts.
    pub async fn escalate(&self, job: Job, id: ConversationId, now: Millis) -> Result<bool> {
        let mut write = self.write(By::server(job.practice, now)).await?;
        let found = conversations::find(write.connection(), job.practice, View::Staff, id).await?;
        let waits = found
            .as_ref()
            .filter(|it| it.state == ConversationState::Open && it.escalated_at.is_none())
            .and_then(|it| it.waiting_since);
        let longest = patience(&mut write).await?;
        let at = waits.zip(longest).map(|(since, longest)| Millis(since.0 + longest));
        let ours = settle(&mut write, job, &Due::of(at, now)).await?;
        let (Some(mut conversation), None) = (found, ours) else { return leave(write, ours).await };
        conversation.escalated_at = Some(now);
        conversations::update(&mut write, &conversation).await?;
        write.log(Act::Escalated, id, json!({ "waiting_since": conversation.waiting_since }));
        write.commit().await?;
        Ok(true)
    }

    /// Sends a message whose time has come. False when the claim no longer counts.
    pub async fn send_due(&self, job: Job, id: MessageId, now: Millis) -> Result<bool> {
        let mut write = self.write(By::server(job.practice, now)).await?;
        let found = messages::find(write.connection(), job.practice, View::Staff, id).await?;
        let waits = found.as_ref().filter(|message| message.deleted_at.is_none());
        let due = Due::of(waits.and_then(|message| message.due_at), now);
        let ours = settle(&mut write, job, &due).await?;
        let (Some(message), None) = (found, ours) else { return leave(write, ours).await };
        messages::send_now(&mut write, &message).await?;
        attachments::show(&mut write, &message).await?;
        write.log(Act::Sent, id, Value::Null);
        write.commit().await?;
        Ok(true)
    }
}

/// A client begins to wait: somebody is to be told should it take too long.
pub(super) async fn wait(write: &mut Write, id: ConversationId, since: Millis) -> Result<()> {
    let (practice, now) = (write.practice(), write.by().at);
    match patience(write).await? {
        Some(longest) => {
            jobs::queue(write.quiet(), practice, Work::Escalate(id), Millis(since.0 + longest), now).await
        }
        None => Ok(()),
    }
}

/// How long a client may wait, milliseconds, if the practice says so.
async fn patience(write: &mut Write) -> Result<Option<i64>> {
    let practice = write.practice();
    let practice =
        practices::find(write.connection(), practice).await?.ok_or(StoreError::Missing("practice"))?;
    Ok(longest(&practice.settings))
}

fn longest(settings: &PracticeSettings) -> Option<i64> {
    (settings.escalate_minutes > 0).then(|| i64::from(settings.escalate_minutes) * 60 * 1000)
}

/// Another time counts for those who wait already. Where nobody is to be told any more, the jobs find nothing to do.
pub(super) async fn wait_differently(write: &mut Write, settings: &PracticeSettings) -> Result<()> {
    let (practice, now) = (write.practice(), write.by().at);
    let Some(longest) = longest(settings) else { return Ok(()) };
    let rows = sqlx::query(
        "SELECT id, waiting_since FROM conversations WHERE practice_id = $1 AND state = 'open' \
         AND waiting_since IS NOT NULL AND escalated_at IS NULL",
    )
    .bind(practice.to_string())
    .fetch_all(write.connection())
    .await?;
    for row in &rows {
        let (id, since) = (row.id("id")?, row.time("waiting_since")?);
        jobs::queue(write.quiet(), practice, Work::Escalate(id), Millis(since.0 + longest), now).await?;
    }
    Ok(())
}

/// Finishes the job, or gives it back for later. `None` when it is to be done now and the claim counts; else whether
/// the claim counted.
async fn settle(write: &mut Write, job: Job, due: &Due) -> Result<Option<bool>> {
    let ours = match due {
        Due::Later(at) => jobs::put_back(write.connection(), job, PutBack::Interrupted, *at, "").await?,
        Due::Nothing | Due::Now => jobs::hold(write.connection(), job, true).await?,
    };
    Ok(if ours && matches!(due, Due::Now) { None } else { Some(ours) })
}

async fn leave(write: Write, ours: Option<bool>) -> Result<bool> {
    let ours = ours.unwrap_or(true);
    if ours {
        write.commit_quietly().await?;
    } else {
        write.discard().await?;
    }
    Ok(ours)
}
