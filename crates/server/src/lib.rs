//! The hosted backend: practices, conversations, uploads, media links, and the owner app's files.
//!
//! A request comes in through `serve` and is dressed by `routes::dress`. The gate of its route asks who it is
//! (`access`) and whether they may (`permission`); the handler asks `store` through a `view`. Bytes take another road:
//! `routes::uploads` -> `receive` -> `intake` (a file that grows, or parts in a bucket) -> `jobs` (a lease, the decoder
//! child) -> `blobs`.
//! Everything a device sees changes in one transaction with the practice's next revision, and `live` tells the devices
//! that there is one.
//!
//! **Invariant:** nothing here decodes a clip; `limpet_video` does it in a child process.
//! **Invariant:** logs carry ids, never a client's words, a link, a token or an address.

pub mod access;
pub mod app;
mod attempts;
mod automatic;
pub mod backup;
pub mod bells;
pub mod blobs;
mod body;
pub mod by;
pub mod clock;
pub mod codes;
pub mod command;
mod deliver;
pub mod doctor;
mod doorbell;
pub mod failure;
pub mod file_of;
mod hands;
mod hashed;
mod hooks;
pub mod hours;
pub mod imports;
pub mod intake;
pub mod jobs;
mod limits;
pub mod live;
mod logo;
pub mod mail;
pub mod metrics;
pub mod moving;
pub mod openapi;
pub mod openings;
mod pages;
pub mod passwords;
pub mod past;
pub mod peer;
pub mod permission;
pub mod presence;
mod private;
mod progress;
mod range;
mod receive;
pub mod retention;
pub mod routes;
pub mod scratch;
pub mod secrets;
pub mod serve;
pub mod sniff;
pub mod store;
pub mod sweep;
mod tally;
mod terms;
pub mod traces;
mod tus;
pub mod view;
mod watch;
mod words;
