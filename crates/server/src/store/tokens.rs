//! Tokens of integrations.
//!
//! **Invariant:** only a token's hash is kept. It lets in until it runs out or is revoked, and what was revoked stays
//! listed.

use limpet_model::{Millis, PracticeId, TokenId};
use limpet_wire::integrations::{NewToken, Scope, TokenInfo};
use serde_json::{Value, json};
use sqlx::any::AnyRow;

use super::{
    Result, Store, StoreError,
    audit::Act,
    row::Columns,
    sessions::{Holder, Session},
};
use crate::{by::By, permission::Scopes};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn words_of(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ")
}

fn read_scopes(row: &AnyRow) -> Result<Vec<Scope>> {
    let read = |word: &str| Scope::ALL.into_iter().find(|scope| scope.word() == word);
    let words = row.text("scopes")?;
    words.split_whitespace().map(|word| read(word).ok_or(StoreError::Unreadable("scopes"))).collect()
}

impl Store {
    /// Keeps a new token.
    pub async fn add_token(&self, by: By, id: TokenId, token_hash: &str, new: &NewToken) -> Result<()> {
        let mut write = self.write(by).await?;
        sqlx::query(
            "INSERT INTO tokens \
             (practice_id, id, token_hash, name, scopes, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(by.practice.to_string())
        .bind(id.to_string())
        .bind(token_hash.to_owned())
        .bind(new.name.clone())
        .bind(words_of(&new.scopes))
        .bind(by.at.0)
        .bind(new.expires_at.map(|at| at.0))
        .execute(write.connection())
        .await?;
        write.log(Act::Added, id, json!({ "scopes": new.scopes, "expires_at": new.expires_at }));
        write.commit_quietly().await
    }

    /// The tokens of a practice, the newest first.
    pub async fn tokens(&self, practice: PracticeId) -> Result<Vec<TokenInfo>> {
        let rows = sqlx::query(
            "SELECT id, name, scopes, created_at, used_at, expires_at, revoked_at FROM tokens \
             WHERE practice_id = $1 ORDER BY created_at DESC, id DESC",
        )
        .bind(practice.to_string())
        .fetch_all(self.pool())
        .await?;
        let read = |row: &AnyRow| {
            Ok(TokenInfo {
                id: row.id("id")?,
                name: row.text("name")?,
                scopes: read_scopes(row)?,
                created_at: row.time("created_at")?,
                used_at: row.maybe_time("used_at")?,
                expires_at: row.maybe_time("expires_at")?,
                revoked_at: row.maybe_time("revoked_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Revokes a token for good. Whether it is one of the practice's.
    pub async fn revoke_token(&self, by: By, id: TokenId) -> Result<bool> {
        let mut write = self.write(by).await?;
        let found = sqlx::query(
            "UPDATE tokens SET revoked_at = COALESCE(revoked_at, $3) WHERE practice_id = $1 AND id = $2",
        )
        .bind(by.practice.to_string())
        .bind(id.to_string())
        .bind(by.at.0)
        .execute(write.connection())
        .await?
        .rows_affected();
        if found == 0 {
            write.discard().await?;
            return Ok(false);
        }
        write.log(Act::Revoked, id, Value::Null);
        write.commit_quietly().await?;
        self.live.sessions_closed(by.practice);
        Ok(true)
    }

    /// A door: what a token lets in. The day of its use is written down.
    pub async fn token(&self, token_hash: &str, now: Millis) -> Result<Option<Session>> {
        let row = sqlx::query(
            "SELECT practice_id, id, scopes, used_at FROM tokens WHERE token_hash = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(token_hash.to_owned())
        .bind(now.0)
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: TokenId = row.id("id")?;
        let session = Session {
            token_hash: token_hash.to_owned(),
            practice: row.id("practice_id")?,
            holder: Holder::Token(id, Scopes::of(&read_scopes(&row)?)),
        };
        let today = now.0 - now.0.rem_euclid(DAY);
        if row.maybe_int("used_at")? != Some(today) {
            let mut quiet = self.quiet().await?;
            sqlx::query("UPDATE tokens SET used_at = $3 WHERE practice_id = $1 AND id = $2")
                .bind(session.practice.to_string())
                .bind(id.to_string())
                .bind(today)
                .execute(quiet.connection())
                .await?;
            quiet.commit().await?;
        }
        Ok(Some(session))
    }
}
