//! Conversations: opened by staff, looked up, written down. What changes one is in `conversation_changes`, and its end
//! in `endings`.

use limpet_model::{Conversation, ConversationId, ConversationState, Ending, PracticeId, Snooze};
use limpet_wire::{
    changes::{Change, Entity},
    http::NewConversation,
};
use serde_json::json;
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Flag, Result, Store, StoreError, Write,
    audit::Act,
    changes::told,
    clients,
    merges::find_now,
    patients,
    row::{Columns, write_ids},
};
use crate::{
    by::By,
    view::{View, per_view},
};

macro_rules! columns {
    () => {
        "id, revision, client_id, patient_id, subject, state, urgent, assignee_id, department_id, tags, opened_at, \
         waiting_since, escalated_at, snoozed, snoozed_until, read_by_staff, delivered_to_client, read_by_client, \
         ended_at, ended_by, summary, plan"
    };
}

pub(super) fn state_word(state: ConversationState) -> &'static str {
    match state {
        ConversationState::Open => "open",
        ConversationState::Ended => "ended",
    }
}

fn read_state(word: &str) -> Option<ConversationState> {
    [ConversationState::Open, ConversationState::Ended].into_iter().find(|state| state_word(*state) == word)
}

fn from_row(row: &AnyRow) -> Result<Conversation> {
    let ending = match (row.maybe_time("ended_at")?, row.maybe_id("ended_by")?) {
        (Some(at), Some(by)) => {
            Some(Ending { at, by, summary: row.text("summary")?, plan: row.text("plan")? })
        }
        _ => None,
    };
    Ok(Conversation {
        id: row.id("id")?,
        client: row.id("client_id")?,
        patient: row.id("patient_id")?,
        subject: row.text("subject")?,
        state: row.word("state", read_state)?,
        urgent: row.flag("urgent")?,
        assignee: row.maybe_id("assignee_id")?,
        department: row.maybe_id("department_id")?,
        tags: row.ids("tags")?,
        opened_at: row.time("opened_at")?,
        waiting_since: row.maybe_time("waiting_since")?,
        escalated_at: row.maybe_time("escalated_at")?,
        snooze: row.flag("snoozed")?.then_some(Snooze { until: row.maybe_time("snoozed_until")? }),
        read_by_staff: row.time("read_by_staff")?,
        delivered_to_client: row.time("delivered_to_client")?,
        read_by_client: row.time("read_by_client")?,
        ending,
    })
}

impl Store {
    /// Opens a conversation. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Conflict` when the id is another conversation's, `Missing` for an unknown client or patient.
    pub async fn open_conversation(&self, by: By, id: ConversationId, new: &NewConversation) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        if let Some(there) = find_now(write.connection(), practice, View::Staff, id).await? {
            write.discard().await?;
            let same = there.id != id
                || there.client == new.client
                    && there.patient == new.patient
                    && there.subject == new.subject
                    && there.opened_at == new.opened_at;
            return if same {
                Ok(())
            } else {
                Err(StoreError::Conflict("There is already another conversation with this id."))
            };
        }
        if clients::find(write.connection(), practice, new.client).await?.is_none() {
            return Err(StoreError::Missing("client"));
        }
        if patients::find(write.connection(), practice, new.patient).await?.is_none() {
            return Err(StoreError::Missing("patient"));
        }
        insert(&mut write, id, new).await?;
        write.log(Act::Added, id, json!({ "client": new.client, "patient": new.patient }));
        write.commit().await.map(drop)
    }

    /// A conversation, or the one that it became part of, if this view holds it.
    pub async fn conversation(
        &self,
        practice: PracticeId,
        view: View,
        id: ConversationId,
    ) -> Result<Option<Conversation>> {
        find_now(&mut *self.pool().acquire().await?, practice, view, id).await
    }
}

async fn insert(write: &mut Write, id: ConversationId, new: &NewConversation) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let (_, by) = write.by().actor.words();
    sqlx::query(
        "INSERT INTO conversations (practice_id, id, revision, client_id, patient_id, subject, state, urgent, \
         opened_at, opened_by, read_by_staff, read_by_client, summary, plan) \
         VALUES ($1, $2, $3, $4, $5, $6, 'open', 0, $7, $8, 0, 0, '', '')",
    )
    .bind(practice.to_string())
    .bind(id.to_string())
    .bind(revision.0)
    .bind(new.client.to_string())
    .bind(new.patient.to_string())
    .bind(new.subject.clone())
    .bind(new.opened_at.0)
    .bind(by)
    .execute(write.connection())
    .await?;
    write.seen_by(new.client);
    Ok(())
}

pub(super) async fn update(write: &mut Write, conversation: &Conversation) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let ending = conversation.ending.as_ref();
    sqlx::query(
        "UPDATE conversations SET revision = $3, state = $4, urgent = $5, assignee_id = $6, \
         waiting_since = $7, read_by_staff = $8, read_by_client = $9, ended_at = $10, ended_by = $11, \
         summary = $12, plan = $13, snoozed = $14, snoozed_until = $15, escalated_at = $16, delivered_to_client = $17, \
         department_id = $18, tags = $19 WHERE practice_id = $1 AND id = $2",
    )
    .bind(practice.to_string())
    .bind(conversation.id.to_string())
    .bind(revision.0)
    .bind(state_word(conversation.state))
    .bind(Flag::store(conversation.urgent))
    .bind(conversation.assignee.map(|id| id.to_string()))
    .bind(conversation.waiting_since.map(|at| at.0))
    .bind(conversation.read_by_staff.0)
    .bind(conversation.read_by_client.0)
    .bind(ending.map(|ending| ending.at.0))
    .bind(ending.map(|ending| ending.by.to_string()))
    .bind(ending.map(|ending| ending.summary.clone()).unwrap_or_default())
    .bind(ending.map(|ending| ending.plan.clone()).unwrap_or_default())
    .bind(Flag::store(conversation.snooze.is_some()))
    .bind(conversation.snooze.and_then(|snooze| snooze.until).map(|until| until.0))
    .bind(conversation.escalated_at.map(|at| at.0))
    .bind(conversation.delivered_to_client.0)
    .bind(conversation.department.map(|id| id.to_string()))
    .bind(write_ids(&conversation.tags))
    .execute(write.connection())
    .await?;
    write.seen_by(conversation.client);
    Ok(())
}

/// Takes away a conversation that has become part of another one.
pub(super) async fn remove(write: &mut Write, id: ConversationId) -> Result<()> {
    let practice = write.practice();
    sqlx::query("DELETE FROM conversations WHERE practice_id = $1 AND id = $2")
        .bind(practice.to_string())
        .bind(id.to_string())
        .execute(write.connection())
        .await?;
    Ok(())
}

pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    Ok(match ONE.find(connection, practice, view, id).await? {
        Some(Change { entity: Entity::Conversation(conversation), .. }) => Some(conversation),
        _ => None,
    })
}

told!(conversations, " FROM conversations WHERE practice_id = $1 AND ", Entity::Conversation);
