//! What a desk keeps on its disk: the cache, the outbox and the media files, all encrypted.
//!
//! **Invariant:** nothing is written in the clear. Opening a database asserts that its file really is encrypted.
//! **Invariant:** the cache is disposable (the server is the truth), the outbox is not: no code path deletes it
//! while it holds something unsent, and one that cannot be opened is set aside, never removed.
//! **Invariant:** this is the only crate that knows SQLite.

pub mod aside;
pub mod cache;
mod columns;
mod database;
mod error;
mod key;
pub mod media;
pub mod outbox;

pub use cache::Cache;
pub use error::CacheError;
pub use key::StoreKey;
pub use outbox::Outbox;
