//! Webhooks: who is told when something happened, and what is still to be told.
//!
//! **Invariant:** a delivery is written in the transaction of what it tells of: there is none of what never happened, and
//! what happened is not forgotten. It is told once or several times, under one id.

use limpet_model::{DeliveryId, Millis, PracticeId, WebhookId};
use limpet_wire::integrations::{Delivery, DeliveryState, Event, NewWebhook, WebhookInfo};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::{
    Result, Store, StoreError, Write,
    audit::Act,
    jobs::{self, Job, PutBack, Work},
    row::Columns,
};
use crate::by::By;

/// How long what was told is kept to be looked at, milliseconds.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1000;
/// Most deliveries that are listed.
const LISTED: i64 = 200;

/// What is to be told, to whom and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Its id, the same at each attempt.
    pub id: DeliveryId,
    /// To whom.
    pub webhook: WebhookId,
    /// Where.
    pub url: String,
    /// What it is signed with.
    pub secret: String,
    /// What is sent.
    pub payload: String,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has it.
    Told,
    /// To be tried again at this time.
    Again(Millis, String),
    /// Given up.
    Dead(String),
    /// The other side is gone for good: nothing more is told there.
    Gone,
}

fn words_of(events: &[Event]) -> String {
    events.iter().map(|event| event.word()).collect::<Vec<_>>().join(" ")
}

fn read_event(word: &str) -> Option<Event> {
    Event::ALL.into_iter().find(|event| event.word() == word)
}

fn read_webhook(row: &AnyRow) -> Result<WebhookInfo> {
    let events = row.text("events")?;
    let read = |word| read_event(word).ok_or(StoreError::Unreadable("events"));
    Ok(WebhookInfo {
        id: row.id("id")?,
        url: row.text("url")?,
        events: events.split_whitespace().map(read).collect::<Result<_>>()?,
        created_at: row.time("created_at")?,
        gone_at: row.maybe_time("gone_at")?,
    })
}

fn read_delivery(row: &AnyRow) -> Result<Delivery> {
    let states = [DeliveryState::Waiting, DeliveryState::Done, DeliveryState::Dead];
    let state = row.text("state")?;
    Ok(Delivery {
        id: row.id("id")?,
        event: row.word("event", read_event)?,
        state: states
            .into_iter()
            .find(|known| known.word() == state)
            .ok_or(StoreError::Unreadable("state"))?,
        attempts: row.int("attempts")?,
        next_at: row.maybe_time("next_at")?,
        last_error: row.text("last_error")?,
        created_at: row.time("created_at")?,
        ended_at: row.maybe_time("ended_at")?,
    })
}

/// Has the webhooks of the practice told that this happened, about things with these ids.
pub(super) async fn tell(write: &mut Write, event: Event, data: impl Serialize) -> Result<()> {
    let (practice, now) = (write.practice(), write.by().at);
    let rows = sqlx::query("SELECT id, events FROM webhooks WHERE practice_id = $1 AND gone_at IS NULL")
        .bind(practice.to_string())
        .fetch_all(write.connection())
        .await?;
    let at = jiff::Timestamp::from_millisecond(now.0).map(|at| at.to_string()).unwrap_or_default();
    let payload = json!({ "type": event.word(), "timestamp": at, "data": data }).to_string();
    for row in rows {
        if !row.text("events")?.split_whitespace().any(|word| word == event.word()) {
            continue;
        }
        let id = DeliveryId::new();
        sqlx::query(
            "INSERT INTO deliveries (practice_id, id, webhook_id, event, payload, state, attempts, next_at, \
             last_error, created_at) VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, '', $6)",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(row.text("id")?)
        .bind(event.word())
        .bind(payload.clone())
        .bind(now.0)
        .execute(write.connection())
        .await?;
        jobs::queue(write.quiet(), practice, Work::Tell(id), now, now).await?;
    }
    Ok(())
}

impl Store {
    /// Keeps a new webhook.
    pub async fn add_webhook(&self, by: By, id: WebhookId, new: &NewWebhook, secret: &str) -> Result<()> {
        let mut write = self.write(by).await?;
        sqlx::query(
            "INSERT INTO webhooks (practice_id, id, url, secret, events, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(by.practice.to_string())
        .bind(id.to_string())
        .bind(new.url.clone())
        .bind(secret.to_owned())
        .bind(words_of(&new.events))
        .bind(by.at.0)
        .execute(write.connection())
        .await?;
        write.log(Act::Added, id, json!({ "events": new.events }));
        write.commit_quietly().await
    }

    /// The webhooks of a practice, the newest first.
    pub async fn webhooks(&self, practice: PracticeId) -> Result<Vec<WebhookInfo>> {
        let rows = sqlx::query(
            "SELECT id, url, events, created_at, gone_at FROM webhooks WHERE practice_id = $1 \
             ORDER BY created_at DESC, id DESC",
        )
        .bind(practice.to_string())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_webhook).collect()
    }

    /// Removes a webhook and what was still to be told there. Whether it was the practice's.
    pub async fn remove_webhook(&self, by: By, id: WebhookId) -> Result<bool> {
        let mut write = self.write(by).await?;
        sqlx::query("DELETE FROM deliveries WHERE practice_id = $1 AND webhook_id = $2")
            .bind(by.practice.to_string())
            .bind(id.to_string())
            .execute(write.connection())
            .await?;
        let found = sqlx::query("DELETE FROM webhooks WHERE practice_id = $1 AND id = $2")
            .bind(by.practice.to_string())
            .bind(id.to_string())
            .execute(write.connection())
            .await?
            .rows_affected();
        if found == 0 {
            write.discard().await?;
            return Ok(false);
        }
        write.log(Act::Deleted, id, Value::Null);
        write.commit_quietly().await?;
        Ok(true)
    }

    /// What was and is to be told to a webhook, the newest first; `None` when it is not the practice's.
    pub async fn deliveries(
        &self,
        practice: PracticeId,
        webhook: WebhookId,
    ) -> Result<Option<Vec<Delivery>>> {
        let known = sqlx::query("SELECT id FROM webhooks WHERE practice_id = $1 AND id = $2")
            .bind(practice.to_string())
            .bind(webhook.to_string())
            .fetch_optional(self.pool())
            .await?;
        if known.is_none() {
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT id, event, state, attempts, next_at, last_error, created_at, ended_at FROM deliveries \
             WHERE practice_id = $1 AND webhook_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3",
        )
        .bind(practice.to_string())
        .bind(webhook.to_string())
        .bind(LISTED)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_delivery).collect::<Result<_>>().map(Some)
    }

    /// Tries once more what was given up. Whether the webhook is the practice's.
    pub async fn tell_dead_again(&self, by: By, webhook: WebhookId) -> Result<bool> {
        let mut write = self.write(by).await?;
        let known = sqlx::query("UPDATE webhooks SET gone_at = NULL WHERE practice_id = $1 AND id = $2")
            .bind(by.practice.to_string())
            .bind(webhook.to_string())
            .execute(write.connection())
            .await?
            .rows_affected();
        if known == 0 {
            write.discard().await?;
            return Ok(false);
        }
        let dead = sqlx::query(
            "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $3, ended_at = NULL \
             WHERE practice_id = $1 AND webhook_id = $2 AND state = 'dead' RETURNING id AS id",
        )
        .bind(by.practice.to_string())
        .bind(webhook.to_string())
        .bind(by.at.0)
        .fetch_all(write.connection())
        .await?;
        for row in dead {
            jobs::queue(write.quiet(), by.practice, Work::Tell(row.id("id")?), by.at, by.at).await?;
        }
        write.log(Act::Changed, webhook, json!({ "told_again": true }));
        write.commit_quietly().await?;
        Ok(true)
    }

    /// What a delivery is, while there is somebody to be told.
    pub async fn telling(&self, practice: PracticeId, id: DeliveryId) -> Result<Option<Telling>> {
        let row = sqlx::query(
            "SELECT d.id AS id, d.webhook_id AS webhook_id, w.url AS url, w.secret AS secret, \
             d.payload AS payload FROM deliveries d \
             JOIN webhooks w ON w.practice_id = d.practice_id AND w.id = d.webhook_id \
             WHERE d.practice_id = $1 AND d.id = $2 AND d.state = 'waiting'",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .fetch_optional(self.pool())
        .await?;
        let read = |row: AnyRow| {
            Ok(Telling {
                id: row.id("id")?,
                webhook: row.id("webhook_id")?,
                url: row.text("url")?,
                secret: row.text("secret")?,
                payload: row.text("payload")?,
            })
        };
        row.map(read).transpose()
    }

    /// Writes down what became of an attempt, and ends its job or puts it off. False, and nothing is written, when the
    /// claim no longer counts.
    pub async fn end_delivery(
        &self,
        job: Job,
        telling: &Telling,
        outcome: &Outcome,
        now: Millis,
    ) -> Result<bool> {
        let (state, next_at, error) = match outcome {
            Outcome::Told => ("done", None, ""),
            Outcome::Again(at, error) => ("waiting", Some(*at), error.as_str()),
            Outcome::Dead(error) => ("dead", None, error.as_str()),
            Outcome::Gone => ("dead", None, "It answered that it is gone."),
        };
        let practice = job.practice.to_string();
        let mut quiet = self.quiet().await?;
        let ours = match next_at {
            Some(at) => jobs::put_back(quiet.connection(), job, PutBack::Failed, at, error).await?,
            None => jobs::hold(quiet.connection(), job, true).await?,
        };
        if !ours {
            quiet.discard().await?;
            return Ok(false);
        }
        sqlx::query(
            "UPDATE deliveries SET state = $3, attempts = $4, next_at = $5, last_error = $6, ended_at = $7 \
             WHERE practice_id = $1 AND id = $2",
        )
        .bind(practice.clone())
        .bind(telling.id.to_string())
        .bind(state)
        .bind(job.attempt)
        .bind(next_at.map(|at| at.0))
        .bind(error.to_owned())
        .bind(if next_at.is_some() { None } else { Some(now.0) })
        .execute(quiet.connection())
        .await?;
        if *outcome == Outcome::Gone {
            sqlx::query("UPDATE webhooks SET gone_at = $3 WHERE practice_id = $1 AND id = $2")
                .bind(practice.clone())
                .bind(telling.webhook.to_string())
                .bind(now.0)
                .execute(quiet.connection())
                .await?;
        }
        sqlx::query(
            "DELETE FROM deliveries WHERE practice_id = $1 AND webhook_id = $2 AND state <> 'waiting' \
             AND created_at < $3",
        )
        .bind(practice)
        .bind(telling.webhook.to_string())
        .bind(now.0 - KEPT)
        .execute(quiet.connection())
        .await?;
        quiet.commit().await?;
        Ok(true)
    }
}
