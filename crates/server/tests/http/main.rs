//! The server as devices meet it: real connections to a real server on a free port. One module a route.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "sizes of small made-up files"
)]
#![expect(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

mod accounts;
mod askers;
mod attachments;
mod audit;
mod backup;
mod carrying_on;
mod clinic;
mod command_line;
mod conversations;
mod doctor;
mod drain;
mod feed;
mod folder;
mod full_disk;
mod ground;
mod import_command;
mod imports;
mod invitations;
mod isolation;
mod jobs;
mod killed;
mod links_by_mail;
mod lists;
mod lockout;
mod log;
mod mailbox;
mod matrix;
mod media;
mod messages;
mod metrics;
mod openapi;
mod owner_app;
mod people;
mod practice;
mod presence;
mod problems;
mod process;
mod readers;
mod replies;
mod restore;
mod retention;
mod second_step;
mod senders;
mod sign_in;
mod terms;
mod tokens;
mod traces;
mod uploads;
mod webhooks;
