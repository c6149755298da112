//! An installation that outgrew its folder, moved into PostgreSQL and a bucket.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use limpet_model::AttachmentState;

use crate::{
    clinic::{Device, PASSWORD, ok, sign_in},
    ground,
    process::{PROGRAM, Process, made_clip, run, settled},
    uploads::send_clip,
};

/// A command about the folder as it is, with nothing said of a database or a bucket.
fn embedded(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).arg("--data").arg(data).env("LIMPET_LOG", "warn");
    command
}

fn said(output: Output) -> String {
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn furnish(data: &Path) -> String {
    let add = ["practice", "add", "--name", "Lapa", "--time-zone", "Europe/Madrid"];
    let practice = said(embedded(data, &add).output().unwrap());
    let person = ["--name", "Ana", "--email", "ana@example.org", "--role", "admin"];
    let add = [&["staff", "add", "--practice", &practice][..], &person].concat();
    let mut child = embedded(data, &add)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), PASSWORD.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap());
    practice
}

#[tokio::test]
async fn an_embedded_installation_moves_into_postgresql_and_a_bucket() {
    let (source, node) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let practice = furnish(source.path());
    let process = Process::run(&mut embedded(source.path(), &["serve", "--listen", "127.0.0.1:0"]));
    let device = sign_in(&process.base, "ana@example.org").await;
    let case = device.open_case().await;
    device.say(&case, "Bring her in on Monday").await;
    let clip = made_clip(2);
    let id = send_clip(&device, &case, clip.clone()).await;
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    let before = device.everything().await;
    assert!(process.terminate().success());

    let ground::Place { database, blobs } = ground::place(node.path());
    let args = ["move", "--database", &database, "--blobs", &blobs];
    let moved = said(embedded(source.path(), &args).envs(ground::environment()).output().unwrap());
    assert!(moved.contains("messages"), "{moved}");

    // Any node serves it now, with everything in it, and whoever was signed in still is.
    let process = Process::start(node.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    let links = |text: String| text.replace(&process.base, "");
    let own = |change: &limpet_wire::changes::Change| format!("{change:?}");
    let after = device.everything().await;
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after.revision, before.revision);
        // A link is told with the address that it is reached at.
        if !own(before).contains("/m/") {
            assert_eq!(links(own(after)), own(before));
        }
    }
    let original = device.get(&format!("/v1/attachments/{id}/original")).await;
    assert!(original.bytes().await.unwrap() == clip, "byte for byte");
    device.say(&case, "See you then").await;
    ok(device.get(&format!("/v1/attachments/{id}/rendition")).await).await;
    assert!(said(run(&["doctor"], node.path(), "")).contains("all is well"));
    assert!(said(run(&["audit", "verify"], node.path(), "")).contains(&practice));
    assert!(process.terminate().success());
}
