//! A database that came back by PostgreSQL's own tools: `limpet-server restored` begins another past.

use limpet_server::{clock::Clock, retention::GRACE};
use limpet_wire::changes::ChangePage;

use crate::{
    clinic::Device,
    ground,
    process::{Process, furnish, run, staff},
};

fn said(args: &[&str], data: &std::path::Path) -> (bool, String) {
    let output = run(args, data, "");
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn well(command: &mut std::process::Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn after_pg_restore_devices_are_told_that_another_past_began() {
    let (node, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dump = files.path().join("limpet.dump");
    let (done, words) = said(&["restored"], node.path());
    assert!(!done && words.contains("no limpet-server has used this database"), "{words}");
    furnish(node.path());
    let process = Process::start(node.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    device.say(&case, "Before the backup").await;
    well(ground::postgres("pg_dump", node.path()).args(["--format=custom", "--file"]).arg(&dump));
    device.say(&case, "Lost").await;
    let seen = device.changes(0, 1000).await;
    assert!(process.terminate().success());

    let clean = ["--clean", "--if-exists", "--exit-on-error"];
    well(ground::postgres("pg_restore", node.path()).args(clean).arg(&dump));
    let begun = Clock::system().now();
    let (done, words) = said(&["restored"], node.path());
    assert!(done && words.contains("of 1 practice;"), "{words}");

    let process = Process::start(node.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    // It overtakes what the device saw: revisions alone would say nothing.
    for _ in 0..3 {
        device.say(&case, "After it").await;
    }
    let (since, epoch) = (seen.revision.0, &seen.epoch);
    let page: ChangePage = device.read(&format!("/v1/changes?since={since}&epoch={epoch}")).await;
    let name = |epoch: &str| epoch.split('.').next().unwrap().to_owned();
    assert_ne!(name(&page.epoch), name(epoch));
    assert!(page.revision.0 < since, "it is told to start over: {}", page.revision.0);
    assert!(process.terminate().success());

    let (_, listed) = said(&["practice", "list"], node.path());
    let practice = listed.split(' ').next().unwrap();
    let (_, log) = said(&["audit", "export", "--practice", practice], node.path());
    assert_eq!(log.lines().filter(|line| line.contains("\"restored\"")).count(), 1, "{log}");
    assert!(said(&["audit", "verify", "--practice", practice], node.path()).0);
    let next = ground::with_store(node.path(), async |store| {
        store.next_retention(practice.parse().unwrap()).await.unwrap()
    });
    assert!(next.await.unwrap().0 >= begun.0 + GRACE, "a week to put holds on again");

    let newer = "UPDATE _sqlx_migrations SET version = 9999 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
    well(ground::postgres("psql", node.path()).args(["--command", newer]));
    let (done, words) = said(&["restored"], node.path());
    assert!(!done && words.contains("newer limpet-server"), "{words}");
}
