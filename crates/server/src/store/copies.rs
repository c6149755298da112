//! A SQLite database as a copy: how one is taken, and whether it is whole.

use std::path::Path;

use super::{Engine, Result, Store, StoreError, row::Columns};

impl Store {
    /// The rows as they are at this moment, as a new SQLite file that nobody has to close.
    pub async fn copy_rows_to(&self, path: &Path) -> Result<()> {
        debug_assert_eq!(self.engine(), Engine::Sqlite);
        let path = path.to_str().ok_or(StoreError::Unreadable("name of a folder"))?;
        sqlx::query("VACUUM INTO $1").bind(path.to_owned()).execute(self.pool()).await?;
        Ok(())
    }

    /// Whether a SQLite file is whole, and every row it refers to is there. The first thing that is not, in SQLite's
    /// words.
    pub async fn damage(&self) -> Result<Option<String>> {
        let found = sqlx::query("SELECT quick_check AS word FROM pragma_quick_check LIMIT 1")
            .fetch_one(self.pool())
            .await?;
        let word = found.text("word")?;
        if word != "ok" {
            return Ok(Some(word));
        }
        let row = sqlx::query("SELECT \"table\" AS word FROM pragma_foreign_key_check LIMIT 1")
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| Ok(format!("a row of {} refers to one that is not there", row.text("word")?)))
            .transpose()
    }
}
