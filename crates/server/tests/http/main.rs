//! The server as devices meet it: real connections to a real server on a free port. One module a route.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails there")]
#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "sizes of small made-up files"
)]
#![expect(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

mod accounts;
mod attachments;
mod audit;
mod carrying_on;
mod clinic;
mod command_line;
mod conversations;
mod doctor;
mod feed;
mod full_disk;
mod invitations;
mod isolation;
mod jobs;
mod killed;
mod links_by_mail;
mod lists;
mod lockout;
mod mailbox;
mod matrix;
mod media;
mod messages;
mod owner_app;
mod people;
mod practice;
mod process;
mod replies;
mod second_step;
mod sign_in;
mod uploads;
