//! One suite that every store has to pass: on SQLite always, on PostgreSQL where Debian's package is installed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails there")]
#![expect(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

mod accounts;
mod audit;
mod cluster;
mod converge;
mod due;
mod edits;
mod jobs;
mod merges;
mod nodes;
mod people;
mod suite;

use std::sync::atomic::{AtomicU32, Ordering};

use limpet_server::{live::Live, store::Store};
use tokio_util::task::TaskTracker;

use cluster::Cluster;

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
            Self::Postgres(cluster) => cluster.create_database(&name),
        }
    }
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
    accounts::sessions_and_invitations_run_out(&ground.fresh()).await;
    accounts::a_session_opens_only_while_what_was_checked_still_holds(&ground.fresh()).await;
    audit::what_was_done_stands_in_the_log(&ground.fresh()).await;
    audit::a_log_that_was_meddled_with_is_found_out(&ground.fresh()).await;
    audit::many_at_once_make_one_chain(&ground.fresh()).await;
    due::what_was_put_off_comes_back_once(&ground.fresh()).await;
    due::the_client_and_the_end_bring_it_back(&ground.fresh()).await;
    due::what_is_sent_later_is_nobodys_until_then(&ground.fresh()).await;
    due::a_client_who_waits_too_long_is_brought_to_notice(&ground.fresh()).await;
    merges::two_about_one_patient_become_one_and_nothing_is_lost(&ground.fresh()).await;
    merges::what_is_about_another_patient_stays_apart(&ground.fresh()).await;
    due::a_closing_thanks_is_waved_off(&ground.fresh()).await;
    edits::what_a_message_said_is_kept(&ground.fresh()).await;
    edits::what_went_with_a_message_that_was_taken_back_leaves_the_clients_view(&ground.fresh()).await;
    people::a_code_is_taken_once_and_ten_wrong_ones_are_enough(&ground.fresh()).await;
    people::a_link_into_an_account_opens_once_and_in_time(&ground.fresh()).await;
    people::a_mail_is_one_nodes_at_a_time(&ground.fresh()).await;
    people::what_a_practice_sets_and_sorts_by_comes_back(&ground.fresh()).await;
    people::sessions_of_one_person_have_an_end(&ground.fresh()).await;
    suite::openings_and_secrets(&ground.fresh()).await;
    suite::a_node_hears_what_another_commits(&ground.fresh()).await;
    suite::what_is_discarded_never_was(&ground.fresh()).await;
    converge::a_device_is_woken_by_what_it_sees(&ground.fresh()).await;
    converge::every_reader_comes_to_the_same_state(&ground.fresh()).await;
    suite::an_older_binary_refuses_a_newer_schema_in_words(&ground.fresh()).await;
}

#[tokio::test]
async fn on_sqlite() {
    run_suite(&Ground::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test]
async fn on_postgres() {
    let Some(cluster) = Cluster::start() else {
        let missing = "PostgreSQL is not installed here (apt-get install postgresql)";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        return println!("skipped: {missing}");
    };
    let ground = Ground::Postgres(cluster);
    run_suite(&ground).await;
    nodes::a_device_may_ask_any_node(&ground.fresh()).await;
}
