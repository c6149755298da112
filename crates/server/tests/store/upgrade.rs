//! Databases of older versions, as they were stored, and many processes that bring one up to date at once.
//!
//! `old/<step>.sql` is what a database was after that step, with rows in it. One is written for every step but the
//! newest, from the one before it: `LIMPET_WRITE_OLD=1` writes those that are not there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use limpet_model::Revision;
use limpet_server::{
    live::Live,
    store::{Store, StoreError, file_url},
    view::View,
};
use limpet_wire::changes::Entity;
use sqlx::{AnyPool, AssertSqlSafe, Row, migrate::Migrator};
use tokio_util::task::TaskTracker;

use crate::{Ground, NOWHERE, PROGRAM, open, said};

static STEPS: Migrator = sqlx::migrate!("./migrations");

fn steps() -> Vec<i64> {
    STEPS.iter().map(|step| step.version).collect()
}

fn stored(step: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/store/old/{step:04}.sql"))
}

async fn pool(url: &str) -> AnyPool {
    sqlx::any::install_default_drivers();
    AnyPool::connect(url).await.unwrap()
}

/// A database file as it was after a step.
async fn database_after(step: i64, folder: &Path) -> String {
    fs::create_dir_all(folder).unwrap();
    let url = file_url(&folder.join(format!("{step}.db")));
    let pool = pool(&url).await;
    let text = fs::read_to_string(stored(step)).unwrap_or_else(|_| {
        panic!(
            "there is no database of step {step}: run this with LIMPET_WRITE_OLD=1 and commit what it writes"
        )
    });
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.unwrap();
    pool.close().await;
    url
}

/// Rows as text, by the columns that an older version knew.
async fn rows(pool: &AnyPool, columns: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (table, columns) in columns {
        let columns: Vec<String> =
            columns.iter().map(|name| format!("COALESCE(CAST(\"{name}\" AS TEXT), 'nothing')")).collect();
        let sql = format!("SELECT {} AS line FROM \"{table}\"", columns.join(" || '|' || "));
        let found = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        let mut lines: Vec<String> = found.iter().map(|row| row.get("line")).collect();
        lines.sort();
        all.insert(table.clone(), lines);
    }
    all
}

/// The columns that are in both; a table that is there no more is a table too few.
fn shared(
    old: &BTreeMap<String, Vec<String>>,
    new: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    let kept = |(table, columns): (&String, &Vec<String>)| {
        let now = new.get(table).unwrap_or_else(|| panic!("{table} is gone"));
        (table.clone(), columns.iter().filter(|name| now.contains(name)).cloned().collect())
    };
    old.iter().map(kept).collect()
}

async fn columns(pool: &AnyPool) -> BTreeMap<String, Vec<String>> {
    let found = sqlx::query(
        "SELECT m.name AS name, c.name AS part FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name <> '_sqlx_migrations' ORDER BY m.name, c.cid",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in found {
        all.entry(row.get("name")).or_default().push(row.get("part"));
    }
    all
}

/// What a server reads of the practice that is in every stored database.
async fn reads(store: &Store, step: i64) {
    let [practice] = store.practices().await.unwrap()[..] else { panic!("step {step}") };
    let page = store.changes(practice, View::Staff, Revision(0), 1000).await.unwrap();
    let count = |what: fn(&Entity) -> bool| page.changes.iter().filter(|change| what(&change.entity)).count();
    assert_eq!(count(|entity| matches!(entity, Entity::Message(_))), 3, "step {step}");
    assert_eq!(count(|entity| matches!(entity, Entity::Attachment(_))), 2, "step {step}");
    assert_eq!(count(|entity| matches!(entity, Entity::Conversation(_))), 1, "step {step}");
    assert_eq!(count(|entity| matches!(entity, Entity::Patient(_))), 1, "step {step}");
    let found = store.staff_by_email("ana@example.org").await.unwrap().unwrap();
    assert_eq!((found.practice, found.password_hash.as_str()), (practice, "hash"));
    assert_eq!(store.uploads().await.unwrap().len(), 1, "step {step}");
    assert_eq!(store.count_jobs().await.unwrap(), (1, 0), "step {step}");
}

#[tokio::test]
async fn rows_of_every_older_version_survive() {
    let folder = tempfile::tempdir().unwrap();
    let mut older = steps();
    older.pop();
    if std::env::var_os("LIMPET_WRITE_OLD").is_some() {
        write_missing(&older, folder.path()).await;
    }
    for step in older {
        let url = database_after(step, folder.path()).await;
        let pool = pool(&url).await;
        let known = columns(&pool).await;
        let before = rows(&pool, &known).await;
        assert!(before["messages"].len() == 3 && before["jobs"].len() == 1, "step {step}");
        // Nobody has changed a step that was taken: sqlx compares what is stored with what is known.
        let store = open(&url).await;
        let now = columns(&pool).await;
        let both = shared(&known, &now);
        let after = rows(&pool, &both).await;
        pool.close().await;
        let pool = self::pool(&database_after(step, &folder.path().join("again")).await).await;
        assert_eq!(after, rows(&pool, &both).await, "step {step}");
        pool.close().await;
        reads(&store, step).await;
        assert_eq!(store.damage().await.unwrap(), None, "step {step}");
        store.close().await;
    }
}

pub async fn rows_of_every_older_version_survive_on_postgres(ground: &Ground) {
    let folder = tempfile::tempdir().unwrap();
    let mut older = steps();
    older.pop();
    for step in older {
        let old = database_after(step, folder.path()).await;
        let url = ground.fresh();
        let target = pool(&url).await;
        STEPS.run_to(step, &target).await.unwrap();
        target.close().await;
        let (from, to) =
            (Store::open_at_any_step(&old).await.unwrap(), Store::open_at_any_step(&url).await.unwrap());
        for table in from.tables().await.unwrap() {
            to.copy_table(&from, &table, |_| ()).await.unwrap();
        }
        from.close().await;
        to.close().await;
        let store = open(&url).await;
        reads(&store, step).await;
        // The same rows as when they are brought up to date in SQLite.
        let twin = open(&old).await;
        for table in twin.tables().await.unwrap() {
            let (here, there) = (twin.contents(&table).await.unwrap(), store.contents(&table).await.unwrap());
            assert_eq!(here, there, "step {step}, {}", table.name);
        }
        store.close().await;
        twin.close().await;
    }
}

/// Writes the stored databases that are not there, each from the one before it.
async fn write_missing(older: &[i64], folder: &Path) {
    for (at, step) in older.iter().enumerate() {
        if stored(*step).exists() {
            continue;
        }
        let path = folder.join("writing.db");
        let _ = fs::remove_file(&path);
        let pool = pool(&file_url(&path)).await;
        if let Some(before) = at.checked_sub(1).and_then(|at| older.get(at)) {
            let text = fs::read_to_string(stored(*before)).unwrap();
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.unwrap();
        }
        STEPS.run_to(*step, &pool).await.unwrap();
        if at == 0 {
            sqlx::raw_sql(include_str!("old/rows.sql")).execute(&pool).await.unwrap();
        }
        pool.close().await;
        let dumped = Command::new("sqlite3").arg(&path).arg(".dump").output().unwrap();
        assert!(dumped.status.success());
        fs::write(stored(*step), dumped.stdout).unwrap();
    }
}

const PRACTICE: [&str; 6] = ["practice", "add", "--name", "Lapa", "--time-zone", "UTC"];

/// Several real processes at once on a database that nobody has used.
pub async fn steps_are_taken_once_however_many_start(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let starting: Vec<_> = (0..8)
        .map(|n| {
            Command::new(PROGRAM)
                .args(PRACTICE)
                .arg("--data")
                .arg(folder.path().join(n.to_string()))
                .args(["--database", url])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in starting {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let store = open(url).await;
    assert_eq!(store.practices().await.unwrap().len(), 8);
    store.close().await;
    let pool = pool(url).await;
    let taken =
        sqlx::query("SELECT version FROM _sqlx_migrations ORDER BY version").fetch_all(&pool).await.unwrap();
    let taken: Vec<i64> = taken.iter().map(|row| row.get("version")).collect();
    assert_eq!(taken, steps());
}

#[tokio::test]
async fn steps_are_taken_once_on_one_file_too() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        steps_are_taken_once_however_many_start(&file_url(&folder.path().join(format!("{round}.db")))).await;
    }
}

#[tokio::test]
async fn every_command_of_an_older_version_refuses_a_newer_database_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let run = |args: &[&str]| said(Command::new(PROGRAM).args(args).arg("--data").arg(data));
    assert!(run(&PRACTICE).0);
    let url = file_url(&data.join("limpet.db"));
    let pool = pool(&url).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'from the future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    fs::create_dir(data.join("blobs")).unwrap();
    let before = fs::read(data.join("limpet.db")).unwrap();
    let to = data.with_extension("backups");
    for args in [
        &["serve", "--listen", NOWHERE][..],
        &PRACTICE,
        &["doctor"],
        &["backup", "--to", to.to_str().unwrap()],
        &["move", "--database", "postgres://127.0.0.1:1/none", "--blobs", to.to_str().unwrap()],
    ] {
        let (well, words) = run(args);
        assert!(!well && words.contains("newer limpet-server (step 9999"), "{args:?}: {words}");
    }
    assert!(fs::read(data.join("limpet.db")).unwrap() == before, "nothing was changed");
    let refused = Store::open(&url, Live::default(), TaskTracker::new()).await.err().unwrap();
    assert!(matches!(refused, StoreError::Newer(9999)));
    let _ = fs::remove_dir_all(to);
}
