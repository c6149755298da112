//! Random values made once for an installation.

use super::{Result, Store, StoreError, row::Columns};
use crate::secrets::new_token;

/// The secret that names the past which the feed's revisions count in. No secret to devices, but made once like one.
pub const EPOCH: &str = "epoch";

impl Store {
    /// Begins another past: after a restore, what a device has beyond the backup never was.
    pub async fn begin_epoch(&self) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("DELETE FROM secrets WHERE name = $1").bind(EPOCH).execute(quiet.connection()).await?;
        quiet.commit().await
    }

    /// The installation's value of this name, made the first time somebody asks.
    pub async fn secret(&self, name: &'static str) -> Result<String> {
        let fresh = new_token()?;
        let mut quiet = self.quiet().await?;
        sqlx::query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(fresh)
            .execute(quiet.connection())
            .await?;
        let row = sqlx::query("SELECT value FROM secrets WHERE name = $1")
            .bind(name)
            .fetch_optional(quiet.connection())
            .await?
            .ok_or(StoreError::Missing("secret"))?;
        quiet.commit().await?;
        row.text("value")
    }
}
