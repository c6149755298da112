//! New revisions, and who is where, from node to node, as PostgreSQL carries them. SQLite has no other nodes.
//!
//! A commit is not held up by it: a notice inside a transaction takes a lock of the whole database until that has
//! committed, and all practices would stand in line. What was committed is told in bunches just after; a node that dies
//! in between told nobody, and is found out by looking.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use limpet_model::{PracticeId, Revision};
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::{Engine, Result, Store};
use crate::{clock::Clock, live::Reach};

/// `<practice> <revision> <who>`: `*` for everybody, else ids of clients separated by commas.
const CHANNEL: &str = "limpet_revisions";
/// What devices say about being somewhere, as `Presences` writes it.
const PRESENCE: &str = "limpet_presence";
/// How long notices are gathered.
const GATHER: Duration = Duration::from_millis(5);
/// More clients than this are everybody: a notice has room for 8000 bytes.
const CLIENTS: usize = 50;

/// What is still to be told to other nodes.
#[derive(Default)]
pub(super) struct Notices {
    waiting: Mutex<HashMap<PracticeId, (Revision, Reach)>>,
    some: Notify,
}

impl Notices {
    pub(super) fn add(&self, practice: PracticeId, revision: Revision, reach: Reach) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (newest, joined) = waiting.entry(practice).or_insert((revision, Reach::default()));
        *newest = revision.max(*newest);
        joined.join(reach);
        drop(waiting);
        self.some.notify_one();
    }

    fn take(&self) -> HashMap<PracticeId, (Revision, Reach)> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn write(practice: PracticeId, revision: Revision, reach: &Reach) -> String {
    let who = match reach {
        Reach::Clients(clients) if clients.len() <= CLIENTS => {
            clients.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        }
        _ => "*".to_owned(),
    };
    format!("{practice} {} {who}", revision.0)
}

fn read(notice: &str) -> Option<(PracticeId, Revision, Reach)> {
    let mut parts = notice.split(' ');
    let practice = parts.next()?.parse().ok()?;
    let revision = parts.next()?.parse().map(Revision).ok()?;
    // An older version says nothing of who.
    let reach = match parts.next() {
        None | Some("*") => Reach::Everybody,
        Some(clients) => {
            let ids = clients.split(',').filter(|id| !id.is_empty()).map(str::parse);
            Reach::Clients(ids.collect::<std::result::Result<_, _>>().ok()?)
        }
    };
    Some((practice, revision, reach))
}

impl Store {
    /// Tells other nodes what this one commits, until a notice cannot be sent. Returns at once on SQLite.
    pub async fn tell_other_nodes(&self) -> Result<()> {
        if self.engine == Engine::Sqlite {
            return Ok(());
        }
        loop {
            self.notices.some.notified().await;
            tokio::time::sleep(GATHER).await;
            let mut tx = self.pool().begin().await?;
            for (practice, (revision, reach)) in self.notices.take() {
                sqlx::query("SELECT pg_notify($1, $2)")
                    .bind(CHANNEL)
                    .bind(write(practice, revision, &reach))
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
        }
    }

    /// Tells other nodes what devices of this one said about being somewhere. Nobody is told on SQLite.
    pub(crate) async fn tell_presences(&self, notices: &[String]) -> Result<()> {
        if self.engine == Engine::Sqlite || notices.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool().begin().await?;
        for notice in notices {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(PRESENCE)
                .bind(notice.clone())
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Passes on what other nodes commit, until the connection is lost for good. Returns at once on SQLite.
    pub async fn hear_other_nodes(&self, clock: &Clock) -> Result<()> {
        if self.engine == Engine::Sqlite {
            return Ok(());
        }
        let mut listener = PgListener::connect(&self.url).await?;
        listener.listen_all([CHANNEL, PRESENCE]).await?;
        loop {
            // `recv` connects again by itself; what was missed meanwhile is found by looking.
            let notice = listener.recv().await?;
            if notice.channel() == PRESENCE {
                self.live.presences().hear(notice.payload(), clock.now());
            } else if let Some((practice, revision, reach)) = read(notice.payload()) {
                self.live.tell(practice, revision, &reach);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use limpet_model::ClientId;

    use super::*;

    #[test]
    fn a_notice_comes_back_as_it_was_sent() {
        let practice = PracticeId::new();
        let some = Reach::Clients([ClientId::new(), ClientId::new()].into());
        for reach in [Reach::default(), some, Reach::Everybody] {
            let sent = write(practice, Revision(7), &reach);
            assert!(sent.len() < 8000);
            assert_eq!(read(&sent), Some((practice, Revision(7), reach)));
        }
        let crowd = Reach::Clients((0..1000).map(|_| ClientId::new()).collect());
        assert_eq!(read(&write(practice, Revision(7), &crowd)).unwrap().2, Reach::Everybody);
        assert_eq!(read(&format!("{practice} 7")).unwrap().2, Reach::Everybody);
        assert_eq!(read("nonsense"), None);
        assert_eq!(read(&format!("{practice} 7 nobody")), None);
    }

    #[test]
    fn what_is_gathered_reaches_whom_each_part_reaches() {
        let (notices, practice) = (Notices::default(), PracticeId::new());
        let (one, two) = (ClientId::new(), ClientId::new());
        notices.add(practice, Revision(9), Reach::Clients([one].into()));
        notices.add(practice, Revision(8), Reach::Clients([two].into()));
        let taken = notices.take();
        assert_eq!(taken[&practice], (Revision(9), Reach::Clients([one, two].into())));
        assert!(notices.take().is_empty());
    }
}
