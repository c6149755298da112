//! Who keeps the files of this database.
//!
//! **Invariant:** rows may be shared by many nodes while files are in the folder of one. That one alone may serve: another
//! would look for files where none are, and give up jobs whose file it does not have.

use super::{Result, Store, row::Columns};

impl Store {
    /// Says who keeps the files (`serve::keeper`); the first to say so is believed. Answers who does.
    pub async fn claim_files(&self, node: &str) -> Result<String> {
        let mut quiet = self.quiet().await?;
        sqlx::query("INSERT INTO keeper (one, node) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
            .bind(node.to_owned())
            .execute(quiet.connection())
            .await?;
        let row = sqlx::query("SELECT node FROM keeper").fetch_one(quiet.connection()).await?;
        quiet.commit().await?;
        row.text("node")
    }

    /// Writes down that the files have moved: everything was found there.
    pub async fn files_are_with(&self, node: &str) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("INSERT INTO keeper (one, node) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET node = excluded.node")
            .bind(node.to_owned())
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }
}
