//! `limpet-server move`: an embedded installation into a real PostgreSQL and a shared folder of blobs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use limpet_model::{AttachmentState, Author, Logo, Revision};
use limpet_server::{
    blobs::{Blobs, Part},
    by::{Actor, By},
    secrets::token_hash,
    store::{
        Store, file_url,
        invitations::Opened,
        jobs::Lane,
        sessions::{Holder, Session},
        tables::ABOUT,
    },
    view::View,
};
use limpet_testkit::clinic;
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;

use crate::{
    Ground, NOWHERE, PROGRAM, open,
    people::{self, FURNISHED},
    said,
    suite::{Case, NOW, announce, message, open_case, say},
};

/// The tables that the steps make, by their text.
fn made_by_steps() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut made = BTreeSet::new();
    for line in files
        .iter()
        .flat_map(|file| fs::read_to_string(file).unwrap().lines().map(String::from).collect::<Vec<_>>())
    {
        let words: Vec<&str> = line.trim_end_matches(';').split_whitespace().collect();
        match words[..] {
            ["CREATE", "TABLE", name, ..] => made.insert(name.to_owned()),
            ["DROP", "TABLE", name] => made.remove(name),
            ["ALTER", "TABLE", old, "RENAME", "TO", new] => made.remove(old) && made.insert(new.to_owned()),
            _ => continue,
        };
    }
    made
}

pub async fn every_table_is_copied_whatever_it_is(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (open(&file_url(&folder.path().join("limpet.db"))).await, open(url).await);
    let known: BTreeSet<String> = from.tables().await.unwrap().into_iter().map(|table| table.name).collect();
    let mut made = made_by_steps();
    made.retain(|name| !ABOUT.contains(&name.as_str()));
    assert_eq!(known, made, "what a step makes is copied");

    // A table that nobody has thought of yet, with a row that refers to a later one.
    let pools = [
        sqlx::AnyPool::connect(&file_url(&folder.path().join("limpet.db"))).await.unwrap(),
        sqlx::AnyPool::connect(url).await.unwrap(),
    ];
    for pool in &pools {
        sqlx::query(
            "CREATE TABLE thoughts (id TEXT NOT NULL PRIMARY KEY, after_id TEXT REFERENCES thoughts (id), \
             \"count\" BIGINT, words TEXT)",
        )
        .execute(pool)
        .await
        .unwrap();
    }
    for n in 0..500 {
        // The first refers to the last, and every other one to nothing.
        let after = if n % 2 == 0 { format!("'{}'", 499 - n) } else { "NULL".into() };
        let words = if n % 3 == 0 { "NULL".into() } else { format!("'ñ {n} \u{1f415} ''quoted'''") };
        let insert = format!("INSERT INTO thoughts VALUES ('{n}', {after}, {}, {words})", i64::MIN + n);
        let deferred = format!("PRAGMA foreign_keys = OFF; {insert}");
        sqlx::raw_sql(AssertSqlSafe(deferred)).execute(&pools[0]).await.unwrap();
    }
    let tables = from.tables().await.unwrap();
    let table = tables.iter().find(|table| table.name == "thoughts").unwrap();
    let mut told = Vec::new();
    to.copy_table(&from, table, |rows| told.push(rows)).await.unwrap();
    assert_eq!(told, [200, 400, 500]);
    assert_eq!(from.contents(table).await.unwrap(), to.contents(table).await.unwrap());
    // The rule holds again, and a difference is seen.
    let broken = "INSERT INTO thoughts VALUES ('x', 'nobody', 1, 'y')";
    assert!(sqlx::query(broken).execute(&pools[1]).await.is_err());
    sqlx::query("UPDATE thoughts SET words = 'n' WHERE id = '1'").execute(&pools[1]).await.unwrap();
    assert_ne!(from.contents(table).await.unwrap(), to.contents(table).await.unwrap());
    // All or nothing.
    to.empty(&tables).await.unwrap();
    sqlx::query("INSERT INTO thoughts VALUES ('450', NULL, 1, 'in the way')")
        .execute(&pools[1])
        .await
        .unwrap();
    assert!(to.copy_table(&from, table, |_| ()).await.is_err());
    assert_eq!(to.contents(table).await.unwrap().rows, 1);
    // A column of a type that the dialect has not is not guessed at.
    sqlx::query("CREATE TABLE odd (id TEXT PRIMARY KEY, weight REAL)").execute(&pools[0]).await.unwrap();
    assert!(from.tables().await.unwrap_err().to_string().contains("type of a column"));
    for pool in pools {
        pool.close().await;
    }
}

struct House {
    data: tempfile::TempDir,
    case: Case,
    /// Blobs by their place, as they have to be there.
    blobs: BTreeMap<String, Vec<u8>>,
}

impl House {
    fn put(&mut self, path: String, bytes: Vec<u8>) {
        let file = self.data.path().join("blobs").join(&path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &bytes).unwrap();
        self.blobs.insert(path, bytes);
    }

    fn database(&self) -> PathBuf {
        self.data.path().join("limpet.db")
    }

    fn run(&self, url: &str, blobs: &Path) -> (bool, String) {
        said(&mut self.moving(url, blobs))
    }

    fn moving(&self, url: &str, blobs: &Path) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["move", "--database", url, "--data"]).arg(self.data.path()).arg("--blobs").arg(blobs);
        command
    }

    /// Everything in the folder, by its name.
    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = files_below(self.data.path());
        all.retain(|path, _| !path.ends_with("lock") && !path.ends_with("limpet.db.opening"));
        all
    }
}

fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files_below(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

/// An installation with something in it: a ready clip, one that waits to be prepared, one that is half here.
async fn furnish() -> House {
    let data = tempfile::tempdir().unwrap();
    let store = open(&file_url(&data.path().join("limpet.db"))).await;
    let case = open_case(&store).await;
    open_case(&store).await;
    store.secret("address key").await.unwrap();
    for n in 0..450 {
        say(&store, &case, Author::Staff(case.vet), &message(&case, &format!("Number {n} ñ"))).await;
    }
    let session = Session {
        token_hash: token_hash("a"),
        practice: case.practice,
        holder: Holder::Client(case.client.id, case.conversation),
    };
    store.open_session(&session, "", NOW).await.unwrap();
    let opened = Opened { practice: case.practice, client: case.client.id, conversation: case.conversation };
    store
        .add_invitation(By::new(case.practice, Actor::Staff(case.vet), NOW), &token_hash("b"), opened)
        .await
        .unwrap();
    let logo = Logo { sha256: "ab".repeat(32), width: 1, height: 1 };
    people::furnish(&store, &case, logo.clone()).await;
    let mut house = House { data, case, blobs: BTreeMap::new() };
    house.put(Blobs::path_of_logo(house.case.practice, &logo.sha256), b"a logo".to_vec());
    for part in ["ready", "waiting", "half"] {
        let id = announce(&store, &house.case).await;
        let attachment = store.attachment(house.case.practice, View::Staff, id).await.unwrap().unwrap();
        // Begun today: a server that goes by the day's clock gives up what was begun a week ago.
        let begun = By::server(house.case.practice, clinic::now());
        let upload = store.begin_upload(begun, &attachment).await.unwrap();
        let arriving =
            house.data.path().join("uploads").join(house.case.practice.to_string()).join(id.to_string());
        fs::create_dir_all(arriving.parent().unwrap()).unwrap();
        match part {
            "half" => fs::write(arriving, b"01234").unwrap(),
            "waiting" => {
                store.finish_upload(&upload, None, NOW).await.unwrap();
                fs::write(arriving, b"0123456789").unwrap();
                house.blobs.insert(Blobs::path_of(upload.file_of(), Part::Original), b"0123456789".to_vec());
            }
            _ => {
                store.finish_upload(&upload, None, NOW).await.unwrap();
                let job = store.claim_job(Lane::Heavy, "a node", NOW).await.unwrap().unwrap();
                let mut found = attachment.clone();
                (found.state, found.has_poster) = (AttachmentState::Ready, true);
                found.sha256 = Some(hex::encode(Sha256::digest(b"9876543210")));
                assert!(store.write_findings(job, &found, true, NOW).await.unwrap());
                store
                    .log_opening(By::new(house.case.practice, Actor::Link, NOW), id, "page", "somewhere", 1)
                    .await
                    .unwrap();
                house.put(Blobs::path_of(upload.file_of(), Part::Original), b"9876543210".to_vec());
                house.put(Blobs::path_of(upload.file_of(), Part::Poster), vec![5; 3_000_000]);
            }
        }
    }
    store.close().await;
    house
}

async fn same(house: &House, url: &str, blobs: &Path) {
    let (here, there) = (open(&file_url(&house.database())).await, open(url).await);
    for table in here.tables().await.unwrap() {
        let contents = here.contents(&table).await.unwrap();
        assert_eq!(contents, there.contents(&table).await.unwrap(), "{}", table.name);
        assert!(contents.rows > 0 || !FURNISHED.contains(&table.name.as_str()), "{}", table.name);
    }
    let page = async |store: &Store| {
        store.changes(house.case.practice, View::Staff, Revision(0), 1000).await.unwrap().changes
    };
    let (ours, theirs) = (page(&here).await, page(&there).await);
    assert!(ours.len() > 450 && ours == theirs);
    let found: BTreeMap<String, Vec<u8>> = files_below(blobs)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(blobs).unwrap().to_str().unwrap().to_owned(), bytes))
        // What a killed process had begun to write: nobody finds it under any name.
        .filter(|(path, _)| !path.contains('#'))
        .collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), house.blobs.keys().collect::<Vec<_>>());
    assert!(found == house.blobs);
    here.close().await;
    there.close().await;
}

pub async fn an_installation_moves_and_stays_what_it_was(ground: &Ground) {
    let house = furnish().await;
    let before = house.everything();
    let (blobs, url) = (tempfile::tempdir().unwrap(), ground.fresh());
    let refused = |done: (bool, String), part: &str| {
        assert!(!done.0 && done.1.contains(part), "{part}: {}", done.1);
    };
    // Nothing that is somebody's is touched.
    refused(house.run("sqlite:///tmp/nowhere.db", blobs.path()), "postgres://");
    let strange = ground.fresh();
    let pool = sqlx::AnyPool::connect(&strange).await.unwrap();
    sqlx::query("CREATE TABLE ledger (id TEXT)").execute(&pool).await.unwrap();
    refused(house.run(&strange, blobs.path()), "not Limpet's (ledger)");
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 1, "nothing was made there");
    pool.close().await;
    let theirs = ground.fresh();
    let store = open(&theirs).await;
    open_case(&store).await;
    store.close().await;
    refused(house.run(&theirs, blobs.path()), "already holds an installation");
    fs::create_dir(blobs.path().join("theirs")).unwrap();
    fs::write(blobs.path().join("theirs/file"), b"x").unwrap();
    refused(house.run(&url, blobs.path()), "theirs/file");
    fs::remove_dir_all(blobs.path().join("theirs")).unwrap();
    let mut serving = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--workers", "0", "--data"])
        .arg(house.data.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(serving.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    refused(house.run(&url, blobs.path()), "stop it first");
    assert!(Command::new("kill").args(["-TERM", &serving.id().to_string()]).status().unwrap().success());
    serving.wait().unwrap();

    let before_move = house.everything();
    let (well, words) = house.run(&url, blobs.path());
    assert!(well && words.contains("messages: ") && words.contains("moved;"), "{words}");
    assert!(words.contains("1 upload under way begins anew"), "{words}");
    assert!(house.everything() == before_move, "the source is what it was");
    assert!(before.keys().all(|path| before_move.contains_key(path)));
    same(&house, &url, blobs.path()).await;
    // Where the job looks for the file, and the upload for its offset.
    let store = open(&url).await;
    // One to prepare a file, one to send a mail, and what is looked at every day of two practices.
    assert_eq!(store.count_jobs().await.unwrap(), (4, 0));
    assert_eq!(store.uploads().await.unwrap().len(), 1);
    store.close().await;
    refused(house.run(&url, blobs.path()), "already holds an installation");

    // What waits to be prepared is not left behind.
    let lost = furnish().await;
    fs::remove_dir_all(lost.data.path().join("uploads")).unwrap();
    refused(lost.run(&ground.fresh(), &blobs.path().join("other")), "waits to be prepared and is gone");
}

pub async fn a_move_that_was_killed_is_finished(url: &str) {
    let mut house = furnish().await;
    // Enough to be in the middle of.
    for n in 0_u8..40 {
        house.put(format!("strange/blobs/{n}"), vec![n; 6_000_000]);
    }
    let blobs = tempfile::tempdir().unwrap();
    let mut moving =
        house.moving(url, blobs.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while files_below(&blobs.path().join("strange")).len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(120) && moving.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    moving.kill().unwrap();
    moving.wait().unwrap();
    assert!(files_below(&blobs.path().join("strange")).len() < 40, "it was killed on the way");

    let empty = tempfile::tempdir().unwrap();
    let served = said(
        Command::new(PROGRAM)
            .args(["serve", "--listen", NOWHERE, "--database", url, "--data"])
            .arg(empty.path()),
    );
    assert!(!served.0 && served.1.contains("not all of it is there"), "{}", served.1);
    let other = furnish().await;
    let (well, words) = other.run(url, blobs.path());
    assert!(!well && words.contains("another installation is being moved"), "{words}");

    // Meanwhile the old server went on for a while, and a blob was damaged on its way.
    let store = open(&file_url(&house.database())).await;
    say(&store, &house.case, Author::Staff(house.case.vet), &message(&house.case, "Still here")).await;
    store.close().await;
    let damaged = files_below(&blobs.path().join("strange")).into_keys().next().unwrap();
    fs::write(damaged, vec![200; 6_000_000]).unwrap();
    let (well, words) = house.run(url, blobs.path());
    assert!(well, "{words}");
    same(&house, url, blobs.path()).await;
}
