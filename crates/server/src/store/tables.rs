//! Whole tables, whatever they are: what they hold as a number to compare, and their rows into another database.
//!
//! **Invariant:** nothing here names a table of ours. What is copied is what the schema has, so that none is forgotten;
//! a column of a type that the portable dialect has not is refused rather than guessed at. The names that become part of
//! a statement come from the schema itself.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Row, any::AnyRow};

use super::{Engine, Quiet, Result, Store, StoreError, row::Columns};

/// Beside the data: what sqlx keeps about the schema, the mark of a move, and who keeps the files, which is another one
/// there.
pub const ABOUT: [&str; 3] = ["_sqlx_migrations", "moving", "keeper"];
/// Rows in one statement: PostgreSQL takes 65,535 values in one, and no table has a hundred columns.
const BATCH: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
}

/// A table as the schema describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    columns: Vec<(String, Kind)>,
    needs: BTreeSet<String>,
}

/// What a table holds, in a number that does not depend on the order of its rows: how many there are, and the sum of
/// their SHA-256. Two tables with the same are the same but for somebody who wants to deceive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many rows.
    pub rows: u64,
    sum: [u64; 4],
}

impl Contents {
    fn add(&mut self, row: &AnyRow, table: &Table) -> Result<()> {
        let mut hash = Sha256::new();
        for (at, (_, kind)) in table.columns.iter().enumerate() {
            match kind {
                Kind::Number => match row.try_get::<Option<i64>, _>(at)? {
                    None => hash.update([0]),
                    Some(number) => hash.update([&[1][..], &number.to_be_bytes()].concat()),
                },
                Kind::Text => match row.try_get::<Option<String>, _>(at)? {
                    None => hash.update([0]),
                    Some(text) => {
                        hash.update([&[2][..], &(text.len() as u64).to_be_bytes()].concat());
                        hash.update(text);
                    }
                },
            }
        }
        self.rows += 1;
        for (lane, bytes) in self.sum.iter_mut().zip(hash.finalize().chunks_exact(8)) {
            *lane = lane.wrapping_add(u64::from_be_bytes(bytes.try_into().unwrap_or_default()));
        }
        Ok(())
    }
}

impl Table {
    fn names(&self) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        quoted.join(", ")
    }

    fn all(&self) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("SELECT {} FROM \"{}\"", self.names(), self.name))
    }

    fn insert(&self, rows: usize) -> AssertSqlSafe<String> {
        let mut places = 1..;
        let mut row = || {
            let marks: Vec<String> =
                places.by_ref().take(self.columns.len()).map(|n| format!("${n}")).collect();
            format!("({})", marks.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(|_| row()).collect();
        AssertSqlSafe(format!("INSERT INTO \"{}\" ({}) VALUES {}", self.name, self.names(), rows.join(", ")))
    }
}

impl Store {
    /// The names of the tables there are, whoever made them.
    pub async fn table_names(&self) -> Result<BTreeSet<String>> {
        let all = match self.engine {
            Engine::Sqlite => {
                "SELECT name AS name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
            }
            Engine::Postgres => {
                "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema()"
            }
        };
        sqlx::query(all).fetch_all(self.pool()).await?.iter().map(|row| row.text("name")).collect()
    }

    /// The tables of a SQLite database that hold data, each after those it refers to.
    ///
    /// # Errors
    /// `Unreadable` for a column that is neither TEXT nor BIGINT, and for tables that refer to each other in a circle.
    pub async fn tables(&self) -> Result<Vec<Table>> {
        let mut left = Vec::new();
        for name in self.table_names().await? {
            if !ABOUT.contains(&name.as_str()) {
                left.push(self.describe(name).await?);
            }
        }
        let mut sorted: Vec<Table> = Vec::new();
        while !left.is_empty() {
            let done: BTreeSet<String> = sorted.iter().map(|table| table.name.clone()).collect();
            let (next, later): (Vec<Table>, Vec<Table>) = left
                .into_iter()
                .partition(|table| table.needs.iter().all(|name| done.contains(name) || *name == table.name));
            if next.is_empty() {
                return Err(StoreError::Unreadable("circle of tables"));
            }
            sorted.extend(next);
            left = later;
        }
        Ok(sorted)
    }

    async fn describe(&self, name: String) -> Result<Table> {
        let columns =
            sqlx::query("SELECT name AS name, type AS kind FROM pragma_table_info($1) ORDER BY cid")
                .bind(name.clone())
                .fetch_all(self.pool())
                .await?;
        let column = |row: &AnyRow| {
            let kind = match row.text("kind")?.as_str() {
                "TEXT" => Kind::Text,
                "BIGINT" => Kind::Number,
                _ => return Err(StoreError::Unreadable("type of a column")),
            };
            Ok((row.text("name")?, kind))
        };
        let columns = columns.iter().map(column).collect::<Result<_>>()?;
        let needs = sqlx::query("SELECT \"table\" AS parent FROM pragma_foreign_key_list($1)")
            .bind(name.clone())
            .fetch_all(self.pool())
            .await?;
        let needs = needs.iter().map(|row| row.text("parent")).collect::<Result<_>>()?;
        Ok(Table { name, columns, needs })
    }

    /// What a table holds.
    pub async fn contents(&self, table: &Table) -> Result<Contents> {
        let mut contents = Contents::default();
        let mut rows = sqlx::query(table.all()).fetch(self.pool());
        while let Some(row) = rows.try_next().await? {
            contents.add(&row, table)?;
        }
        Ok(contents)
    }

    /// Copies all rows of a table of another database into the same table here, which is empty: all of them or none.
    /// `told` hears how many there are so far.
    pub async fn copy_table(&self, from: &Store, table: &Table, mut told: impl FnMut(u64)) -> Result<()> {
        let mut quiet = self.quiet().await?;
        let loose = self.loosen(&mut quiet, table).await?;
        let mut rows = sqlx::query(table.all()).fetch(from.pool());
        let mut copied = 0;
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            while batch.len() < BATCH
                && let Some(row) = rows.try_next().await?
            {
                batch.push(row);
            }
            if batch.is_empty() {
                break;
            }
            copied += batch.len() as u64;
            insert(&mut quiet, table, &batch).await?;
            told(copied);
        }
        fasten(&mut quiet, table, &loose).await?;
        quiet.commit().await
    }

    /// Empties tables, which come in the order of [`Self::tables`].
    pub async fn empty(&self, tables: &[Table]) -> Result<()> {
        let mut quiet = self.quiet().await?;
        for table in tables.iter().rev() {
            let delete = AssertSqlSafe(format!("DELETE FROM \"{}\"", table.name));
            sqlx::query(delete).execute(quiet.connection()).await?;
        }
        quiet.commit().await
    }

    /// On PostgreSQL a row that refers to a later one of its own table is in order once all are there: such rules are
    /// looked at when the transaction ends. Answers their names.
    async fn loosen(&self, quiet: &mut Quiet, table: &Table) -> Result<Vec<String>> {
        if !table.needs.contains(&table.name) {
            return Ok(Vec::new());
        }
        if self.engine == Engine::Sqlite {
            sqlx::query("PRAGMA defer_foreign_keys = ON").execute(quiet.connection()).await?;
            return Ok(Vec::new());
        }
        let rules = sqlx::query(
            "SELECT CAST(conname AS TEXT) AS name FROM pg_constraint \
             WHERE contype = 'f' AND conrelid = confrelid AND conrelid = CAST($1 AS regclass)",
        )
        .bind(format!("\"{}\"", table.name))
        .fetch_all(quiet.connection())
        .await?;
        let rules: Vec<String> = rules.iter().map(|row| row.text("name")).collect::<Result<_>>()?;
        for rule in &rules {
            alter(quiet, table, rule, "DEFERRABLE INITIALLY DEFERRED").await?;
        }
        Ok(rules)
    }
}

async fn fasten(quiet: &mut Quiet, table: &Table, rules: &[String]) -> Result<()> {
    if !rules.is_empty() {
        sqlx::query("SET CONSTRAINTS ALL IMMEDIATE").execute(quiet.connection()).await?;
    }
    for rule in rules {
        alter(quiet, table, rule, "NOT DEFERRABLE").await?;
    }
    Ok(())
}

async fn alter(quiet: &mut Quiet, table: &Table, rule: &str, how: &str) -> Result<()> {
    let alter = format!("ALTER TABLE \"{}\" ALTER CONSTRAINT \"{rule}\" {how}", table.name);
    sqlx::query(AssertSqlSafe(alter)).execute(quiet.connection()).await?;
    Ok(())
}

async fn insert(quiet: &mut Quiet, table: &Table, rows: &[AnyRow]) -> Result<()> {
    let mut insert = sqlx::query(table.insert(rows.len()));
    for row in rows {
        for (at, (_, kind)) in table.columns.iter().enumerate() {
            insert = match kind {
                Kind::Number => insert.bind(row.try_get::<Option<i64>, _>(at)?),
                Kind::Text => insert.bind(row.try_get::<Option<String>, _>(at)?),
            };
        }
    }
    insert.execute(quiet.connection()).await?;
    Ok(())
}
