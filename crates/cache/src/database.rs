//! Opening an encrypted database and bringing its schema up to date.
//!
//! **Invariant:** a migration is applied and stamped in one transaction, and its text never changes once
//! released: what is wrong with it is put right by the next one.
//! **Invariant:** after [`open`] the file on disk does not begin with SQLite's plain header.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::Path,
    sync::Once,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use zeroize::Zeroizing;

use crate::CacheError;

/// The first bytes of a SQLite database that nobody encrypted.
const PLAIN_HEADER: &[u8; 16] = b"SQLite format 3\0";

/// One step of a schema.
pub(crate) struct Migration {
    /// The version it leads to, counted from 1 without gaps.
    pub version: i32,
    /// Its statements.
    pub sql: &'static [&'static str],
}

/// How durable a commit is.
#[derive(Clone, Copy)]
pub(crate) enum Durability {
    /// A commit survives a power cut.
    Full,
    /// A commit survives a crash of the program; after a power cut the last ones may be missing. For the cache.
    Normal,
}

/// Opens or creates the database at `path`.
pub(crate) fn open(
    path: &Path,
    key: &[u8; 32],
    durability: Durability,
    steps: &[Migration],
) -> Result<Connection, CacheError> {
    assert_not_plain(path)?;
    let mut conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    unlock(&conn, key)?;
    conn.execute_batch(match durability {
        Durability::Full => "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        Durability::Normal => "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
    })?;
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    migrate(&mut conn, steps)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    assert_encrypted(path)?;
    Ok(conn)
}

/// Opens an existing database beside the program that owns it. The connection cannot change the file; its
/// temporary tables it can.
pub(crate) fn open_beside(
    path: &Path,
    key: &[u8; 32],
    steps: &[Migration],
) -> Result<Connection, CacheError> {
    assert_encrypted(path)?;
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    unlock(&conn, key)?;
    let (found, known) = (version(&conn)?, newest(steps));
    if found != known {
        return Err(if found > known {
            CacheError::Newer { found, known }
        } else {
            CacheError::Older { found }
        });
    }
    Ok(conn)
}

/// Reads every page; a damaged one is an error.
pub(crate) fn check(conn: &Connection) -> Result<(), CacheError> {
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(CacheError::Damaged) }
}

/// Opens a connection once SQLCipher is ready. SQLite reports itself initialised a moment before it has run
/// SQLCipher's part, so the very first two connections of a process must not open at the same time: the second
/// would find no cipher.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, CacheError> {
    static READY: Once = Once::new();
    READY.call_once(|| drop(Connection::open_in_memory()));
    Ok(Connection::open_with_flags(
        path,
        flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE,
    )?)
}

fn unlock(conn: &Connection, key: &[u8; 32]) -> Result<(), CacheError> {
    // It writes to standard error by itself; what is wrong comes back as an error, which is enough.
    conn.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    let statement = Zeroizing::new(format!("PRAGMA key = \"x'{}'\";", *Zeroizing::new(hex::encode(key))));
    conn.execute_batch(&statement)?;
    // Plain SQLite takes `PRAGMA key` without a word; only SQLCipher has a cipher_version.
    let cipher: Option<String> = conn.query_row("PRAGMA cipher_version", [], |row| row.get(0)).ok();
    if cipher.is_none_or(|version| version.is_empty()) {
        return Err(CacheError::NoCipher);
    }
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    // The first read is what finds out whether the key fits.
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(())
}

fn version(conn: &Connection) -> Result<i32, CacheError> {
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn newest(steps: &[Migration]) -> i32 {
    steps.last().map_or(0, |step| step.version)
}

fn migrate(conn: &mut Connection, steps: &[Migration]) -> Result<(), CacheError> {
    let (found, known) = (version(conn)?, newest(steps));
    if found > known {
        return Err(CacheError::Newer { found, known });
    }
    for step in steps.iter().filter(|step| step.version > found) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for statement in step.sql {
            tx.execute_batch(statement)?;
        }
        tx.pragma_update(None, "user_version", step.version)?;
        tx.commit()?;
    }
    Ok(())
}

fn header(path: &Path) -> Result<Option<[u8; 16]>, CacheError> {
    let mut first = [0; 16];
    match File::open(path).and_then(|mut file| file.read_exact(&mut first)) {
        Ok(()) => Ok(Some(first)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn assert_not_plain(path: &Path) -> Result<(), CacheError> {
    if header(path)?.is_some_and(|first| &first == PLAIN_HEADER) {
        Err(CacheError::NotEncrypted)
    } else {
        Ok(())
    }
}

fn assert_encrypted(path: &Path) -> Result<(), CacheError> {
    match header(path)? {
        Some(first) if &first != PLAIN_HEADER => Ok(()),
        Some(_) => Err(CacheError::NotEncrypted),
        None => Err(CacheError::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration { version: 1, sql: &["CREATE TABLE word (text TEXT NOT NULL) STRICT;"] };
    const TWO: Migration = Migration { version: 2, sql: &["ALTER TABLE word ADD COLUMN at INTEGER;"] };
    const BROKEN: Migration =
        Migration { version: 2, sql: &["ALTER TABLE word ADD COLUMN at INTEGER;", "SELECT * FROM nowhere;"] };

    fn insert(conn: &Connection) {
        conn.execute("INSERT INTO word (text) VALUES ('a conspicuous sentence')", []).unwrap();
    }

    #[test]
    fn the_file_holds_nothing_readable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let conn = open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap();
        insert(&conn);
        drop(conn);
        let bytes = std::fs::read(&path).unwrap();
        assert_ne!(&bytes[..16], PLAIN_HEADER);
        assert!(!bytes.windows(11).any(|window| window == b"conspicuous"));
    }

    #[test]
    fn another_key_does_not_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap();
        let error = open(&path, &[8; 32], Durability::Full, &[ONE]).unwrap_err();
        assert!(matches!(error, CacheError::WrongKey), "{error:?}");
    }

    #[test]
    fn a_plain_database_is_refused_before_it_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let plain = Connection::open_with_flags(&path, OpenFlags::default()).unwrap();
        plain.execute_batch("CREATE TABLE word (text TEXT)").unwrap();
        drop(plain);
        let before = std::fs::read(&path).unwrap();
        let error = open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap_err();
        assert!(matches!(error, CacheError::NotEncrypted), "{error:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn an_older_file_is_brought_up_to_date_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        insert(&open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap());
        let conn = open(&path, &[7; 32], Durability::Full, &[ONE, TWO]).unwrap();
        let rows: i64 =
            conn.query_row("SELECT count(*) FROM word WHERE at IS NULL", [], |row| row.get(0)).unwrap();
        assert_eq!((rows, version(&conn).unwrap()), (1, 2));
        drop(conn);
        let error = open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap_err();
        assert!(matches!(error, CacheError::Newer { found: 2, known: 1 }), "{error:?}");
    }

    #[test]
    fn a_migration_that_fails_leaves_no_half_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap());
        assert!(open(&path, &[7; 32], Durability::Full, &[ONE, BROKEN]).is_err());
        let conn = open(&path, &[7; 32], Durability::Full, &[ONE]).unwrap();
        assert_eq!(version(&conn).unwrap(), 1);
        assert!(conn.prepare("SELECT at FROM word").is_err());
    }
}
