//! The mark of an installation that is being moved in: until it is taken away nothing is served.

use limpet_model::Millis;
use sha2::{Digest, Sha256};
use tokio_util::task::TaskTracker;

use super::{Result, STEPS, Store, engine, row::Columns};
use crate::live::Live;

impl Store {
    /// Opens a database to move an installation into, and brings its schema up to date. One that holds anybody else's
    /// tables is left as it is, and their names are answered instead.
    pub async fn open_to_move_in(url: &str) -> Result<Result<Self, Vec<String>>> {
        let (engine, pool) = engine::connect(url).await?;
        let (live, tasks) = (Live::default(), TaskTracker::new());
        let store = Self::with(url, engine, pool, live, tasks);
        let names = store.table_names().await?;
        if !names.is_empty() && !names.contains("_sqlx_migrations") {
            store.close().await;
            return Ok(Err(names.into_iter().collect()));
        }
        STEPS.run(store.pool()).await?;
        Ok(Ok(store))
    }

    /// Which installation is being moved in, if one is.
    pub async fn moving(&self) -> Result<Option<String>> {
        let row = sqlx::query("SELECT source FROM moving").fetch_optional(self.pool()).await?;
        row.map(|row| row.text("source")).transpose()
    }

    /// Marks that an installation is being moved in.
    pub async fn begin_move(&self, source: &str, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("INSERT INTO moving (source, begun_at) VALUES ($1, $2) ON CONFLICT (source) DO NOTHING")
            .bind(source.to_owned())
            .bind(now.0)
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// Takes the mark away: it is all there.
    pub async fn end_move(&self) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("DELETE FROM moving").execute(quiet.connection()).await?;
        // The files are somewhere else now: whoever serves them first says where.
        sqlx::query("DELETE FROM keeper").execute(quiet.connection()).await?;
        quiet.commit().await
    }

    /// A hash that tells this installation from another: of its practices and of the secrets made for it.
    pub async fn fingerprint(&self) -> Result<String> {
        let rows = sqlx::query(
            "SELECT id AS word FROM practices UNION ALL SELECT value AS word FROM secrets ORDER BY word",
        )
        .fetch_all(self.pool())
        .await?;
        let mut hash = Sha256::new();
        for row in &rows {
            hash.update(row.text("word")?);
            hash.update([0]);
        }
        Ok(hex::encode(hash.finalize()))
    }
}
