//! Departments, tags and templates. The last one to write wins; nothing is removed, only archived.

use limpet_model::{Department, PracticeId, Tag, Template};
use limpet_wire::changes::Entity;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use sqlx::{AnyConnection, any::AnyRow};

use super::{Flag, Result, Store, StoreError, audit::Act, changes::Fed, row::Columns};
use crate::{by::By, view::per_view};

/// How many of a kind a practice has, archived ones with them: each device holds all of them.
pub const MOST: i64 = 500;

/// One of them.
pub trait Listed: Serialize + DeserializeOwned + PartialEq + Sync {
    /// As the column says it.
    const KIND: &'static str;
    /// What is said when there is another one of that name.
    const TWICE: &'static str;
    /// What is said when there are as many as there may be.
    const FULL: &'static str;
    /// Its id.
    fn id(&self) -> String;
    /// What staff find it by.
    fn name(&self) -> &str;
    /// Whether it is used no more.
    fn archived(&self) -> bool;
}

macro_rules! listed {
    ($type:ty, $kind:literal, $name:ident) => {
        impl Listed for $type {
            const KIND: &'static str = $kind;
            const TWICE: &'static str =
                concat!("There is already a ", $kind, " with this name. Choose another name.");

            const FULL: &'static str =
                concat!("There are 500 already. Use a ", $kind, " again that was archived.");

            fn id(&self) -> String {
                self.id.to_string()
            }

            fn name(&self) -> &str {
                &self.$name
            }

            fn archived(&self) -> bool {
                self.archived
            }
        }
    };
}

listed!(Department, "department", name);
listed!(Tag, "tag", name);
listed!(Template, "template", title);

fn read<T: DeserializeOwned>(row: &AnyRow) -> Result<T> {
    serde_json::from_str(&row.text("document")?).map_err(|_| StoreError::Unreadable("document"))
}

impl Store {
    /// Adds or changes a department or a tag.
    ///
    /// # Errors
    /// `Conflict` when another one that is in use has the name, or there are as many as there may be.
    pub async fn put_listed<T: Listed>(&self, by: By, it: &T) -> Result<()> {
        self.put(by, it, &[]).await
    }

    /// Adds or changes a template.
    ///
    /// # Errors
    /// `Missing` for an unknown department or tag; as [`Store::put_listed`].
    pub async fn put_template(&self, by: By, it: &Template) -> Result<()> {
        let it = &Template { tags: once_each(&it.tags), ..it.clone() };
        let department = it.department.iter().map(|id| (Department::KIND, id.to_string()));
        let tags = it.tags.iter().map(|id| (Tag::KIND, id.to_string()));
        self.put(by, it, &department.chain(tags).collect::<Vec<_>>()).await
    }

    async fn put<T: Listed>(&self, by: By, it: &T, refers_to: &[(&'static str, String)]) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let there =
            sqlx::query("SELECT document FROM listings WHERE practice_id = $1 AND kind = $2 AND id = $3")
                .bind(practice.to_string())
                .bind(T::KIND)
                .bind(it.id())
                .fetch_optional(write.connection())
                .await?;
        if there.as_ref().map(read::<T>).transpose()?.as_ref() == Some(it) {
            return write.discard().await;
        }
        if there.is_none() && count(write.connection(), practice, T::KIND).await? >= MOST {
            write.discard().await?;
            return Err(StoreError::Conflict(T::FULL));
        }
        for (kind, id) in refers_to {
            if !exists(write.connection(), practice, kind, id).await? {
                write.discard().await?;
                return Err(StoreError::Missing(if *kind == Tag::KIND { "tag" } else { "department" }));
            }
        }
        let name_key = it.name().trim().to_lowercase();
        let twice = sqlx::query(
            "SELECT id FROM listings WHERE practice_id = $1 AND kind = $2 AND name_key = $3 AND id <> $4 \
             AND archived = 0",
        )
        .bind(practice.to_string())
        .bind(T::KIND)
        .bind(name_key.clone())
        .bind(it.id())
        .fetch_optional(write.connection())
        .await?;
        if twice.is_some() && !it.archived() {
            write.discard().await?;
            return Err(StoreError::Conflict(T::TWICE));
        }
        let revision = write.revision();
        sqlx::query(
            "INSERT INTO listings (practice_id, kind, id, revision, name_key, archived, document) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (practice_id, kind, id) DO UPDATE SET revision = excluded.revision, \
             name_key = excluded.name_key, archived = excluded.archived, document = excluded.document",
        )
        .bind(practice.to_string())
        .bind(T::KIND)
        .bind(it.id())
        .bind(revision.0)
        .bind(name_key)
        .bind(Flag::store(it.archived()))
        .bind(serde_json::to_string(it).map_err(|_| StoreError::Unreadable("document"))?)
        .execute(write.connection())
        .await?;
        write.log(Act::Changed, practice, json!({ (T::KIND): it.id(), "archived": it.archived() }));
        write.commit().await.map(drop)
    }
}

/// The same in the same order, each once.
pub(super) fn once_each<T: Copy + PartialEq>(ids: &[T]) -> Vec<T> {
    ids.iter().fold(Vec::new(), |mut once, id| {
        if !once.contains(id) {
            once.push(*id);
        }
        once
    })
}

async fn count(connection: &mut AnyConnection, practice: PracticeId, kind: &'static str) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) AS listed FROM listings WHERE practice_id = $1 AND kind = $2")
        .bind(practice.to_string())
        .bind(kind)
        .fetch_one(connection)
        .await?;
    row.int("listed")
}

/// Whether there is one, archived or not.
pub(super) async fn exists(
    connection: &mut AnyConnection,
    practice: PracticeId,
    kind: &'static str,
    id: &str,
) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM listings WHERE practice_id = $1 AND kind = $2 AND id = $3")
        .bind(practice.to_string())
        .bind(kind)
        .bind(id.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// What the feed tells of them.
///
/// As they were changed: a template may come before what it refers to, when that was changed after it.
pub(super) const FED: Fed = Fed {
    sql: |view| {
        per_view!(view;
            "SELECT revision, kind, document FROM listings WHERE practice_id = $1 AND ",
            seen(listings),
            " AND revision > $3 AND revision <= $4 ORDER BY revision, kind"
        )
    },
    read: |row| {
        Ok(match row.text("kind")?.as_str() {
            Department::KIND => Entity::Department(read(row)?),
            Tag::KIND => Entity::Tag(read(row)?),
            Template::KIND => Entity::Template(read(row)?),
            _ => return Err(StoreError::Unreadable("kind")),
        })
    },
};
