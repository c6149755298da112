//! The suite `http` once more, on PostgreSQL and a bucket, and what only several nodes can do.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "sizes of small made-up files"
)]
#![expect(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

mod arrivals;
mod bucket;
mod doctor;
mod ground;
mod killed_node;
mod memory;
mod moved;
mod nodes;
mod restored;

#[path = "../http/accounts.rs"]
mod accounts;
#[path = "../http/attachments.rs"]
mod attachments;
#[path = "../http/clinic.rs"]
#[expect(dead_code, reason = "what only the other suite asks for")]
mod clinic;
#[path = "../http/conversations.rs"]
mod conversations;
#[path = "../http/feed.rs"]
mod feed;
#[path = "../http/isolation.rs"]
mod isolation;
#[path = "../http/jobs.rs"]
mod jobs;
#[path = "../http/killed.rs"]
mod killed;
#[path = "../http/links_by_mail/mod.rs"]
mod links_by_mail;
#[path = "../http/lists.rs"]
mod lists;
#[path = "../http/mailbox.rs"]
mod mailbox;
#[path = "../http/media.rs"]
mod media;
#[path = "../http/messages.rs"]
mod messages;
#[path = "../http/presence.rs"]
mod presence;
#[path = "../http/process.rs"]
#[expect(dead_code, reason = "what only the other suite asks for")]
mod process;
#[path = "../http/readers.rs"]
mod readers;
#[path = "../http/replies.rs"]
mod replies;
#[path = "../http/retention.rs"]
mod retention;
#[path = "../http/uploads.rs"]
mod uploads;
