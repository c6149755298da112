//! Practices: the tenants, how each works, and each one's revision.

use limpet_model::{ConsentText, Logo, Millis, Practice, PracticeId, PracticeSettings, Revision};
use limpet_wire::{changes::Entity, http::PracticeChange};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, StoreError, Write, audit::Act, changes::Fed, consents, due, row::Columns, second_steps,
};
use crate::{by::By, retention, view::per_view};

fn from_row(row: &AnyRow) -> Result<Practice> {
    let settings: Box<PracticeSettings> =
        serde_json::from_str(&row.text("settings")?).map_err(|_| StoreError::Unreadable("settings"))?;
    Ok(Practice {
        id: row.id("id")?,
        name: row.text("name")?,
        address: row.text("address")?,
        phone: row.text("phone")?,
        time_zone: row.text("time_zone")?,
        settings,
    })
}

fn written(settings: &PracticeSettings) -> Result<String> {
    serde_json::to_string(settings).map_err(|_| StoreError::Unreadable("settings"))
}

/// The practice as it will be; all but the consent text, which has a history.
fn apply(practice: &mut Practice, change: &PracticeChange) {
    fn set<T: Clone>(to: &mut T, from: Option<&T>) {
        if let Some(value) = from {
            to.clone_from(value);
        }
    }
    set(&mut practice.name, change.name.as_ref());
    set(&mut practice.address, change.address.as_ref());
    set(&mut practice.phone, change.phone.as_ref());
    set(&mut practice.time_zone, change.time_zone.as_ref());
    let settings = &mut practice.settings;
    set(&mut settings.letterhead, change.letterhead.as_ref());
    set(&mut settings.hours, change.hours.as_ref());
    set(&mut settings.chat_hours, change.chat_hours.as_ref());
    set(&mut settings.offline, change.offline.as_ref());
    set(&mut settings.offline_words, change.offline_words.as_ref());
    set(&mut settings.away_words, change.away_words.as_ref());
    set(&mut settings.first_words, change.first_words.as_ref());
    set(&mut settings.upload_limit, change.upload_limit.as_ref());
    set(&mut settings.retention_years, change.retention_years.as_ref());
    set(&mut settings.escalate_minutes, change.escalate_minutes.as_ref());
    set(&mut settings.legal_hold, change.legal_hold.as_ref());
    set(&mut settings.requires_code, change.requires_code.as_ref());
}

/// What of a practice is otherwise now: the names of its fields, and of flags and numbers what they are now. Never what
/// clients read.
fn differences(before: &Practice, after: &Practice) -> Value {
    let fields = |practice: &Practice| {
        let form = serde_json::to_value(practice).unwrap_or_default();
        let mut fields = form.as_object().cloned().unwrap_or_default();
        if let Some(Value::Object(settings)) = fields.remove("settings") {
            fields.extend(settings);
        }
        fields
    };
    let (before, mut after) = (fields(before), fields(after));
    after.retain(|name, value| before.get(name) != Some(value));
    let names: Vec<String> = after.keys().cloned().collect();
    after.retain(|_, value| value.is_boolean() || value.is_number());
    json!({ "set": names, "to": after })
}

impl Store {
    /// Adds a practice.
    pub async fn add_practice(&self, practice: &Practice, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query(
            "INSERT INTO practices (id, counter, revision, name, address, phone, time_zone, settings, created_at) \
             VALUES ($1, 1, 1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(practice.id.to_string())
        .bind(practice.name.clone())
        .bind(practice.address.clone())
        .bind(practice.phone.clone())
        .bind(practice.time_zone.clone())
        .bind(written(&practice.settings)?)
        .bind(now.0)
        .execute(quiet.connection())
        .await?;
        quiet.commit().await
    }

    /// Changes a practice's settings. Another consent text is the next version. Where codes are required from now on,
    /// the sessions of those who have none end. How long a client may wait counts for those who wait already.
    ///
    /// # Errors
    /// `Conflict` when codes are to be required and no administrator has any: nobody could let the others in.
    pub async fn change_practice(&self, by: By, change: &PracticeChange) -> Result<Practice> {
        let (practice, now) = (by.practice, by.at);
        let mut write = self.write(by).await?;
        let before = find(write.connection(), practice).await?.ok_or(StoreError::Missing("practice"))?;
        let mut after = before.clone();
        apply(&mut after, change);
        let present = before.settings.consent.as_ref();
        if let Some(words) =
            change.consent.as_ref().filter(|words| present.map(|it| &it.words) != Some(*words))
        {
            let version = present.map_or(1, |it| it.version + 1);
            let text = ConsentText { version, words: words.clone(), since: now };
            consents::add_text(&mut write, &text).await?;
            after.settings.consent = Some(text);
        }
        retention::settle(&before.settings, &mut after.settings, now);
        if after == before {
            write.discard().await?;
            return Ok(after);
        }
        let requires_now = after.settings.requires_code && !before.settings.requires_code;
        if requires_now {
            if !second_steps::an_admin_has_one(write.connection(), practice).await? {
                write.discard().await?;
                return Err(StoreError::Conflict(
                    "No administrator signs in with a code yet. Set up your own first, then require it of everybody.",
                ));
            }
            second_steps::close_sessions_without(write.connection(), practice).await?;
        }
        update(&mut write, &after).await?;
        if after.settings.escalate_minutes != before.settings.escalate_minutes {
            due::wait_differently(&mut write, &after.settings).await?;
        }
        write.log(Act::Changed, practice, differences(&before, &after));
        write.commit().await?;
        if requires_now {
            self.live.sessions_closed(practice);
        }
        Ok(after)
    }

    /// Puts a logo on the letterhead, or takes it off. Answers the one that was there.
    pub async fn set_logo(&self, by: By, logo: Option<Logo>) -> Result<Option<Logo>> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let mut after = find(write.connection(), practice).await?.ok_or(StoreError::Missing("practice"))?;
        if after.settings.logo == logo {
            write.discard().await?;
            return Ok(None);
        }
        let before = std::mem::replace(&mut after.settings.logo, logo);
        update(&mut write, &after).await?;
        write.log(Act::Changed, practice, json!({ "set": ["logo"] }));
        write.commit().await?;
        Ok(before)
    }

    /// Every practice there is.
    pub async fn practices(&self) -> Result<Vec<PracticeId>> {
        let rows = sqlx::query("SELECT id FROM practices").fetch_all(self.pool()).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// The logos of all practices.
    pub async fn logos(&self) -> Result<Vec<(PracticeId, Logo)>> {
        let rows = sqlx::query("SELECT id, name, address, phone, time_zone, settings FROM practices")
            .fetch_all(self.pool())
            .await?;
        let mut logos = Vec::new();
        for row in &rows {
            let practice = from_row(row)?;
            logos.extend(practice.settings.logo.map(|logo| (practice.id, logo)));
        }
        Ok(logos)
    }

    /// The practice with this id.
    pub async fn practice(&self, practice: PracticeId) -> Result<Option<Practice>> {
        find(&mut *self.pool().acquire().await?, practice).await
    }

    /// The practice's newest revision.
    pub async fn revision(&self, practice: PracticeId) -> Result<Revision> {
        current_revision(&mut *self.pool().acquire().await?, practice).await
    }

    /// The newest revision of every practice there is, for who looks after all of them.
    pub async fn revisions(&self) -> Result<Vec<(PracticeId, Revision)>> {
        let rows = sqlx::query("SELECT id, counter FROM practices").fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok((row.id("id")?, row.int("counter").map(Revision)?))).collect()
    }
}

async fn update(write: &mut Write, practice: &Practice) -> Result<()> {
    let revision = write.revision();
    sqlx::query(
        "UPDATE practices SET revision = $2, name = $3, address = $4, phone = $5, time_zone = $6, settings = $7 \
         WHERE id = $1",
    )
    .bind(practice.id.to_string())
    .bind(revision.0)
    .bind(practice.name.clone())
    .bind(practice.address.clone())
    .bind(practice.phone.clone())
    .bind(practice.time_zone.clone())
    .bind(written(&practice.settings)?)
    .execute(write.connection())
    .await?;
    write.seen_by_everybody();
    Ok(())
}

pub(super) async fn find(connection: &mut AnyConnection, practice: PracticeId) -> Result<Option<Practice>> {
    let row =
        sqlx::query("SELECT id, name, address, phone, time_zone, settings FROM practices WHERE id = $1")
            .bind(practice.to_string())
            .fetch_optional(connection)
            .await?;
    row.as_ref().map(from_row).transpose()
}

pub(super) async fn current_revision(
    connection: &mut AnyConnection,
    practice: PracticeId,
) -> Result<Revision> {
    let row = sqlx::query("SELECT counter FROM practices WHERE id = $1")
        .bind(practice.to_string())
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::Missing("practice"))?;
    row.int("counter").map(Revision)
}

/// What the feed tells of them.
pub(super) const FED: Fed = Fed {
    sql: |view| {
        per_view!(view;
            "SELECT id, revision, name, address, phone, time_zone, settings FROM practices WHERE id = $1 AND ",
            seen(practices),
            " AND revision > $3 AND revision <= $4"
        )
    },
    read: |row| from_row(row).map(Entity::Practice),
};
