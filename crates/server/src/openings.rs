//! Who opened which file.
//!
//! **Invariant:** an opening is written down before anything is sent. A player asks for many ranges: those of one asker
//! within an hour are one opening, and only the first of them waits for the database; the others are counted here and
//! written down from time to time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use limpet_model::{AttachmentId, PracticeId};

use crate::{
    app::App,
    by::By,
    store::{Result, openings::hour_of},
};

/// How often what was counted is written down.
const EVERY: Duration = Duration::from_secs(60);

/// What was opened, by whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    practice: PracticeId,
    attachment: AttachmentId,
    what: &'static str,
    /// The hash of an address, or whose session it is.
    from: String,
    hour: i64,
}

/// What was opened within this hour.
#[derive(Default)]
pub struct Openings(Mutex<HashMap<Key, Count>>);

struct Count {
    by: By,
    /// Requests that are not written down yet.
    more: i64,
}

impl Openings {
    /// Writes an opening down, or counts one more request of it.
    pub async fn log(
        &self,
        app: &App,
        by: By,
        attachment: AttachmentId,
        what: &'static str,
        from: String,
    ) -> Result<()> {
        let key = Key { practice: by.practice, attachment, what, from, hour: hour_of(by.at) };
        if let Some(count) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&key) {
            count.more += 1;
            count.by = by;
            return Ok(());
        }
        app.store.log_opening(by, attachment, what, &key.from, 1).await?;
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.entry(key).or_insert(Count { by, more: 0 });
        Ok(())
    }

    /// Writes down what was counted, and forgets what is older than an hour.
    pub async fn write_down(&self, app: &App) -> Result<()> {
        let hour = hour_of(app.now());
        let counted: Vec<(Key, By, i64)> = {
            let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let counted = opened.iter_mut().filter(|(_, count)| count.more > 0);
            let counted =
                counted.map(|(key, count)| (key.clone(), count.by, std::mem::take(&mut count.more)));
            let counted = counted.collect();
            opened.retain(|key, _| key.hour >= hour);
            counted
        };
        for (key, by, more) in counted {
            app.store.log_opening(by, key.attachment, key.what, &key.from, more).await?;
        }
        Ok(())
    }
}

/// From time to time, and once more when the server stops.
pub async fn every_now_and_then(app: App) {
    loop {
        let stops = app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
        if let Err(error) = app.openings.write_down(&app).await {
            tracing::warn!(%error, "Cannot write openings down");
        }
        if stops {
            return;
        }
    }
}
