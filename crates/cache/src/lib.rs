//! The encrypted local database and the outbox.
