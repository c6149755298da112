//! Change feed to cache, outbox to server.
