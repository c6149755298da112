//! One suite that every store has to pass: on SQLite always, on PostgreSQL where Debian's package is installed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails there")]
#![expect(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

mod accounts;
mod audit;
mod converge;
mod due;
mod edits;
mod interfaces;
mod jobs;
mod mails;
mod merges;
mod moves;
mod people;
mod practice;
mod retention;
mod retention_histories;
mod retention_people;
mod suite;
mod turns;
mod upgrade;

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use limpet_server::{live::Live, store::Store};
use limpet_testkit::postgres::Cluster;
use tokio_util::task::TaskTracker;

/// Fresh databases of one engine.
enum Ground {
    Sqlite(tempfile::TempDir),
    Postgres(Cluster),
}

impl Ground {
    /// The address of a database that nobody has used.
    fn fresh(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("limpet_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}?mode=rwc", folder.path().join(name).display()),
            Self::Postgres(cluster) => cluster.create_database(&name).unwrap(),
        }
    }
}

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_limpet-server");

/// Where nobody can listen: a server that should not have started does not stay.
const NOWHERE: &str = "203.0.113.1:1";

/// What a command said, and whether it went well.
fn said(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Opens a node's store on a database.
async fn open(url: &str) -> Store {
    open_heard(url, Live::default()).await
}

/// The same with listeners.
async fn open_heard(url: &str, live: Live) -> Store {
    Store::open(url, live, TaskTracker::new()).await.unwrap()
}

async fn run_suite(ground: &Ground) {
    suite::opens_again_as_it_was(&ground.fresh()).await;
    suite::people_come_back_as_they_were_written(&ground.fresh()).await;
    suite::a_thread_lives(&ground.fresh()).await;
    suite::two_nodes_share_one_order_of_revisions(&ground.fresh()).await;
    suite::practices_are_apart(&ground.fresh()).await;
    jobs::uploads_become_jobs_once(&ground.fresh()).await;
    jobs::a_job_is_one_nodes_at_a_time(&ground.fresh()).await;
    turns::a_turn_is_one_nodes_at_a_time(&ground.fresh()).await;
    turns::who_lost_the_turn_changes_nothing(&ground.fresh()).await;
    turns::files_are_kept_by_whoever_said_so_first(&ground.fresh()).await;
    accounts::sessions_and_invitations_run_out(&ground.fresh()).await;
    accounts::a_session_opens_only_while_what_was_checked_still_holds(&ground.fresh()).await;
    audit::what_was_done_stands_in_the_log(&ground.fresh()).await;
    audit::a_log_that_was_meddled_with_is_found_out(&ground.fresh()).await;
    audit::many_at_once_make_one_chain(&ground.fresh()).await;
    due::what_was_put_off_comes_back_once(&ground.fresh()).await;
    due::the_client_and_the_end_bring_it_back(&ground.fresh()).await;
    due::what_is_sent_later_is_nobodys_until_then(&ground.fresh()).await;
    due::a_client_who_waits_too_long_is_brought_to_notice(&ground.fresh()).await;
    due::another_time_counts_for_those_who_wait_already(&ground.fresh()).await;
    merges::two_about_one_patient_become_one_and_nothing_is_lost(&ground.fresh()).await;
    merges::what_is_about_another_patient_stays_apart(&ground.fresh()).await;
    due::a_closing_thanks_is_waved_off(&ground.fresh()).await;
    edits::what_a_message_said_is_kept(&ground.fresh()).await;
    edits::what_went_with_a_message_that_was_taken_back_leaves_the_clients_view(&ground.fresh()).await;
    people::a_code_is_taken_once_and_ten_wrong_ones_are_enough(&ground.fresh()).await;
    people::a_link_into_an_account_opens_once_and_in_time(&ground.fresh()).await;
    mails::a_mail_is_one_nodes_at_a_time(&ground.fresh()).await;
    mails::asking_for_a_mail_and_ending_one_wait_for_each_other_in_one_order(&ground.fresh()).await;
    people::what_anybody_may_add_to_has_an_end(&ground.fresh()).await;
    people::a_mistyped_address_is_put_right_before_there_is_a_password(&ground.fresh()).await;
    accounts::a_session_opens_without_a_code_only_while_none_is_asked_for(&ground.fresh()).await;
    mails::a_forgotten_password_waits_until_it_is_known_whose_it_is(&ground.fresh()).await;
    practice::what_a_practice_sets_and_sorts_by_comes_back(&ground.fresh()).await;
    people::sessions_of_one_person_have_an_end(&ground.fresh()).await;
    retention::what_is_due_goes_with_everything_in_it(&ground.fresh()).await;
    retention::a_hold_set_in_the_last_moment_wins(&ground.fresh()).await;
    retention_histories::nothing_on_hold_is_ever_removed(&ground.fresh()).await;
    retention_people::people_go_when_nothing_is_left_of_them(&ground.fresh()).await;
    suite::openings_and_secrets(&ground.fresh()).await;
    suite::a_node_hears_what_another_commits(&ground.fresh()).await;
    suite::what_is_discarded_never_was(&ground.fresh()).await;
    converge::a_device_is_woken_by_what_it_sees(&ground.fresh()).await;
    interfaces::a_write_with_a_key_is_done_once(&ground.fresh()).await;
    interfaces::tokens_run_out_and_are_revoked(&ground.fresh()).await;
    interfaces::a_delivery_is_told_by_one_node_at_a_time(&ground.fresh()).await;
    converge::every_reader_comes_to_the_same_state(&ground.fresh()).await;
    suite::an_older_binary_refuses_a_newer_schema_in_words(&ground.fresh()).await;
    suite::what_asks_a_database_that_nobody_has_used_leaves_it_alone(&ground.fresh()).await;
}

#[tokio::test]
async fn on_sqlite() {
    run_suite(&Ground::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn on_postgres() {
    let Some(cluster) = cluster() else { return };
    run_suite(&Ground::Postgres(cluster)).await;
}

#[tokio::test]
async fn into_postgres() {
    let Some(cluster) = cluster() else { return };
    let ground = Ground::Postgres(cluster);
    upgrade::steps_are_taken_once_however_many_start(&ground.fresh()).await;
    upgrade::rows_of_every_older_version_survive_on_postgres(&ground).await;
    moves::every_table_is_copied_whatever_it_is(&ground.fresh()).await;
    moves::an_installation_moves_and_stays_what_it_was(&ground).await;
    moves::a_move_that_was_killed_is_finished(&ground.fresh()).await;
}

/// A server of our own. Where PostgreSQL is not installed nothing is tested, and that is said; where everything has to
/// be, it fails.
fn cluster() -> Option<Cluster> {
    match Cluster::start() {
        Ok(cluster) => Some(cluster),
        Err(missing) => {
            assert!(std::env::var_os("CI").is_none(), "{missing:#}");
            println!("skipped: {missing:#}");
            None
        }
    }
}
