//! What goes out to webhooks: where they may be, and how they are told. When they are told is `jobs`' business.

mod addresses;
mod send;

pub use self::send::{Said, Sender, check_url, new_secret};
