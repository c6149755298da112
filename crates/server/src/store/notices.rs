//! New revisions that other nodes made, as PostgreSQL tells of them. SQLite has no other nodes.

use limpet_model::Revision;
use sqlx::postgres::PgListener;

use super::{Engine, Result, Store, write::CHANNEL};

impl Store {
    /// Passes on what other nodes commit, until the connection is lost for good. Returns at once on SQLite.
    pub async fn hear_other_nodes(&self) -> Result<()> {
        if self.engine == Engine::Sqlite {
            return Ok(());
        }
        let mut listener = PgListener::connect(&self.url).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // `recv` connects again by itself; what was missed meanwhile is found by looking.
            let notice = listener.recv().await?;
            let told = notice.payload().split_once(' ').and_then(|(practice, revision)| {
                Some((practice.parse().ok()?, revision.parse().map(Revision).ok()?))
            });
            if let Some((practice, revision)) = told {
                self.live.tell(practice, revision);
            }
        }
    }
}
