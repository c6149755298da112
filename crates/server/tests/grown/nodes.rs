//! Two servers on one database and one bucket, as a practice's devices meet them behind a balancer.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use futures_util::StreamExt;
use limpet_model::{AttachmentId, AttachmentKind, AttachmentState, Audience, ClientId, Millis};
use limpet_server::{
    clock::Clock,
    file_of::FileOf,
    retention::GRACE,
    serve::{Running, Settings, StartError, start},
    store::{
        jobs::{LEASE, Lane},
        turns::{Hold, TURN},
    },
    sweep,
};
use limpet_wire::{
    Code,
    changes::Entity,
    http::{HERE_FOR, PresentAs, TYPING_FOR},
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    clinic::{Clinic, Device, client_named, fails, file, ok, sign_in},
    ground,
    presence::{Ear, be, colleague},
    process::{PROGRAM, furnish, run, settled},
    uploads::{CLIP, Sender, chunk, create, head, offset, send, sender, tus, until_it_is},
};

/// Another node of a clinic.
async fn another(clinic: &Clinic) -> (Running, TempDir) {
    let data = tempfile::tempdir().unwrap();
    ground::share(data.path(), clinic.data.path());
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        workers: 0,
        clock: clinic.clock.clone(),
        ..ground::settings(data.path())
    };
    (start(settings).await.unwrap(), data)
}

fn at(node: &Running, device: &Device) -> Device {
    Device { base: format!("http://{}", node.address), ..device.clone() }
}

#[tokio::test]
async fn a_device_may_ask_any_node() {
    let clinic = Clinic::open().await;
    let (two, _folder) = another(&clinic).await;
    let here = clinic.staff().await;
    let there = at(&two, &here);
    // Signed in here, listening there; what is written here is heard and read there.
    let mut events = there.get("/v1/live").await.bytes_stream();
    let first = String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
    let known: i64 = first.trim().strip_prefix("data: ").unwrap().parse().unwrap();
    let client = client_named(ClientId::new(), "Marta");
    ok(here.put(&format!("/v1/clients/{}", client.id), &client).await).await;
    let told = format!("data: {}", known + 1);
    while !events.next().await.unwrap().unwrap().starts_with(told.as_bytes()) {}
    let page = there.changes(known, 100).await;
    assert_eq!(page.changes.len(), 1);
    assert_eq!(page.changes[0].entity, Entity::Client(client));
    drop(events);
    two.stop().await;
}

#[tokio::test]
async fn who_is_where_is_known_at_every_node() {
    let clinic = Clinic::open().await;
    let (two, _folder) = another(&clinic).await;
    let ana = clinic.staff().await;
    let case = ana.open_case().await;
    let phone = at(&two, &ana.phone(&case).await);
    let (_, ben) = colleague(&clinic).await;
    let ben = at(&two, &ben);
    let (mut at_bens, mut at_phone) = (Ear::of(&ben).await, Ear::of(&phone).await);
    let (vet, writes, notes) =
        (PresentAs::Staff(clinic.vet), Some(Audience::Everyone), Some(Audience::Staff));
    // The nodes may not hear each other yet in their first moments: devices say it again.
    let said = async {
        loop {
            be(&ana, &case, true, writes).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            clinic.clock.advance(TYPING_FOR / 2);
        }
    };
    let ana_writes = [(vet, writes)];
    tokio::select! {
        () = said => {}
        () = at_bens.hears(&case, &ana_writes) => {}
    }
    at_phone.hears(&case, &[(PresentAs::Practice, writes)]).await;
    Ear::of(&ben).await.hears(&case, &[(vet, writes)]).await;
    be(&ana, &case, true, notes).await;
    at_bens.hears(&case, &[(vet, notes)]).await;
    at_phone.hears(&case, &[(PresentAs::Practice, None)]).await;
    be(&phone, &case, true, writes).await;
    Ear::of(&ana).await.hears(&case, &[(PresentAs::Client, writes), (vet, notes)]).await;
    // A session that is closed at one node is nobody's at the other.
    ok(ana.post("/v1/sign-out", &serde_json::json!({})).await).await;
    at_bens.hears(&case, &[(PresentAs::Client, writes)]).await;
    at_phone.hears(&case, &[]).await;
    clinic.clock.advance(HERE_FOR);
    at_bens.hears(&case, &[]).await;
    drop((at_bens, at_phone));
    two.stop().await;
}

#[tokio::test]
async fn a_logo_is_shown_at_any_node_and_doctor_knows_it() {
    let clinic = Clinic::open().await;
    let (two, _folder) = another(&clinic).await;
    let admin = clinic.admin().await;
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(9, 9, image::Rgb([10, 90, 80]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let set = admin.ask(reqwest::Method::PUT, "/v1/practice/logo").body(png.into_inner());
    ok(set.send().await.unwrap()).await;
    let shown = at(&two, &admin).get("/v1/practice/logo").await;
    assert_eq!(
        (shown.status().as_u16(), shown.headers()["content-type"].to_str().unwrap()),
        (200, "image/png")
    );
    let (store, blobs) = (&clinic.running.app().store, ground::blobs(clinic.data.path()));
    assert_eq!(limpet_server::doctor::examine(store, &blobs, clinic.clock.now()).await.unwrap(), []);
    two.stop().await;
}

/// A sender whose connection to one node hangs after the first bytes, which have arrived.
async fn hanging(s: &Sender, bytes: &'static [u8]) -> mpsc::Sender<Result<&'static [u8], std::io::Error>> {
    create(&s.phone, s.id, CLIP.len() as i64).await;
    let (pieces, body) = mpsc::channel(1);
    let request = chunk(&s.phone, s.id, 0).body(reqwest::Body::wrap_stream(ReceiverStream::new(body)));
    tokio::spawn(request.send());
    pieces.send(Ok(bytes)).await.unwrap();
    until_it_is(async || s.arrived().await.is_some_and(|arrived| arrived == bytes)).await;
    pieces
}

#[tokio::test]
async fn an_upload_goes_on_at_another_node_and_a_hanging_connection_gives_way() {
    let s = sender().await;
    let (two, _folder) = another(&s.clinic).await;
    let there = at(&two, &s.phone);
    let pieces = hanging(&s, &CLIP[..7]).await;
    fails(send(&there, s.id, 7, &CLIP[7..]).await, 423, Code::Conflict).await;
    // More is on its way, and not yet told: it is kept when the connection gives way.
    pieces.send(Ok(&CLIP[7..9])).await.unwrap();
    let asked = std::time::Instant::now();
    assert_eq!(offset(&head(&there, s.id).await), 9);
    assert!(asked.elapsed() < Duration::from_secs(4), "it gave way, and was not made to");
    assert_eq!(offset(&send(&there, s.id, 9, &CLIP[9..12]).await), 12);
    assert_eq!(offset(&send(&s.phone, s.id, 12, &CLIP[12..]).await), 20);
    assert_eq!(s.stored().await, CLIP);
    assert_eq!(there.attachment(s.id).await.state, AttachmentState::Processing);
    two.stop().await;
}

#[tokio::test]
async fn an_upload_is_given_up_at_another_node() {
    let s = sender().await;
    let (two, _folder) = another(&s.clinic).await;
    let there = at(&two, &s.phone);
    let _pieces = hanging(&s, &CLIP[..7]).await;
    let path = format!("/v1/uploads/{}", s.id);
    assert_eq!(tus(&there, reqwest::Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(s.arrived().await, None);
    assert_eq!(head(&s.phone, s.id).await.status(), 404);
    // It is sent again from its beginning.
    assert_eq!(offset(&create(&s.phone, s.id, 20).await), 0);
    assert_eq!(offset(&send(&there, s.id, 0, CLIP).await), 20);
    two.stop().await;
}

#[tokio::test]
async fn each_sweep_of_each_node_gives_an_upload_up_once() {
    let s = sender().await;
    let (two, _folder) = another(&s.clinic).await;
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..7]).await;
    s.clinic.clock.advance(8 * crate::clinic::DAY);
    let (one, two_swept) = tokio::join!(sweep::once(s.clinic.running.app()), sweep::once(two.app()));
    one.and(two_swept).unwrap();
    assert!(matches!(s.staff.attachment(s.id).await.state, AttachmentState::Refused { .. }));
    assert_eq!(s.arrived().await, None);
    two.stop().await;
}

#[tokio::test]
async fn files_in_a_folder_are_one_nodes_and_may_move_to_a_bucket() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = ground::place(own.path());
    let serve = async |data: &TempDir, shared: bool| {
        let blobs = ground::settings(own.path()).blobs.filter(|_| shared);
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            database: Some(place.database.clone()),
            blobs,
            ..Settings::in_folder(data.path())
        };
        match start(settings).await {
            Ok(running) => {
                running.stop().await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    };
    serve(&own, false).await.unwrap();
    serve(&own, false).await.unwrap();
    for refused in [serve(&other, false).await, serve(&other, true).await] {
        let Err(StartError::KeptElsewhere(_)) = refused else { panic!("{refused:?}") };
        assert!(refused.unwrap_err().to_string().contains("--blobs s3://"));
    }
    // Everything is found in the bucket, for there is nothing.
    ground::share(other.path(), own.path());
    let moved = run(&["doctor", "--repair"], other.path(), "");
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    serve(&other, true).await.unwrap();
    serve(&own, true).await.unwrap();
    assert!(matches!(serve(&own, false).await, Err(StartError::Shared)));
}

#[tokio::test]
async fn files_beside_a_database_are_not_looked_for_in_a_bucket() {
    let data = tempfile::tempdir().unwrap();
    let alone = Settings { listen: ([127, 0, 0, 1], 0).into(), ..Settings::in_folder(data.path()) };
    start(alone.clone()).await.unwrap().stop().await;
    let bucket = Settings { blobs: ground::settings(data.path()).blobs, ..alone.clone() };
    let Err(refused) = start(bucket.clone()).await else { panic!("it serves") };
    assert!(matches!(refused, StartError::KeptBeside) && refused.to_string().contains("without --blobs"));
    // One node may well have SQLite and a bucket.
    let fresh = tempfile::tempdir().unwrap();
    let bucket = Settings { data: fresh.path().into(), ..bucket };
    start(bucket).await.unwrap().stop().await;
    assert!(matches!(start(Settings { data: fresh.path().into(), ..alone }).await, Err(StartError::Shared)));
}

#[tokio::test]
async fn a_node_needs_no_folder() {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let serve = || {
        let mut command = Command::new(PROGRAM);
        ground::dress(&mut command, data.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    // Two of them, on one machine.
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let mut child = serve().spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        nodes.push((child, line.trim().strip_prefix("listening on ").unwrap().to_owned()));
    }
    let device = sign_in(&nodes[0].1, "ana@example.org").await;
    let case = device.open_case().await;
    let there = Device { base: nodes[1].1.clone(), ..device.clone() };
    let pdf = b"%PDF-1.4\n%%EOF\n";
    let id = device.announce(&case, file(AttachmentKind::Document, "bloods.pdf", pdf.len())).await;
    create(&device, id, pdf.len() as i64).await;
    ok(send(&there, id, 0, pdf).await).await;
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    for (mut child, _) in nodes {
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        assert!(child.wait().unwrap().success());
    }
    // Files without a database that others can reach are one node's, and it has to say where.
    let alone = serve().env_remove("LIMPET_BLOBS").output().unwrap();
    let said = String::from_utf8(alone.stderr).unwrap();
    assert!(!alone.status.success() && said.contains("--data"), "{said}");
}

/// The clock of one is ten minutes fast, of the other ten minutes slow: neither steals what the first holds, nor holds it
/// longer than it may.
#[tokio::test]
async fn whose_lease_has_run_out_does_not_depend_on_a_nodes_clock() {
    const WRONG: i64 = 10 * 60 * 1000;
    let clinic = Clinic::open_with(|settings| Settings { clock: Clock::system(), ..settings }).await;
    let started = async |wrong_by| {
        let data = tempfile::tempdir().unwrap();
        ground::share(data.path(), clinic.data.path());
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            workers: 0,
            clock: Clock::wrong_by(wrong_by),
            ..ground::settings(data.path())
        };
        (start(settings).await.unwrap(), data)
    };
    // Each that starts plans it, too.
    let right = clinic.running.app();
    right.store.plan_retention(Millis(right.now().0 - GRACE - 1)).await.unwrap();
    let ((fast, _one), (slow, _two)) = (started(WRONG).await, started(-WRONG).await);
    for node in [&fast, &slow] {
        let off = node.app().now().0 - right.now().0;
        assert!(off.abs() < 5000, "{off}");
        let own = node.app().clock.own().0 - right.clock.own().0;
        assert!(own.abs() > WRONG - 60_000, "{own}");
    }
    // A job that each in turn holds: for the others it is not there before its time, and there after it.
    for holder in [right, fast.app(), slow.app()] {
        let job = holder.store.claim_job(Lane::Removal, "holder", holder.now()).await.unwrap().unwrap();
        for other in [right, fast.app(), slow.app()] {
            let stolen = other.store.claim_job(Lane::Removal, "other", other.now()).await.unwrap();
            assert_eq!(stolen, None);
            let then = Millis(other.now().0 + LEASE + 10_000);
            let found = other.store.claim_job(Lane::Removal, "other", then).await.unwrap();
            assert_eq!(found.unwrap().work, job.work);
            other.store.reclaim_jobs("other").await.unwrap();
            let again = holder.store.claim_job(Lane::Removal, "holder", holder.now()).await.unwrap();
            assert_eq!(again.unwrap().work, job.work);
        }
        holder.store.reclaim_jobs("holder").await.unwrap();
    }
    // And the turn to write to an upload.
    let of = FileOf { practice: clinic.practice, attachment: AttachmentId::new() };
    for holder in [fast.app(), slow.app()] {
        let hold = Hold::new(of);
        assert!(holder.store.take_turn(&hold, "holder", holder.now()).await.unwrap());
        for other in [right, fast.app(), slow.app()] {
            assert!(!other.store.take_turn(&Hold::new(of), "other", other.now()).await.unwrap());
            assert!(other.store.turn_goes_on(&hold, other.now()).await.unwrap());
        }
        let late = Millis(right.now().0 + TURN + 5000);
        assert!(!right.store.turn_goes_on(&hold, late).await.unwrap(), "a dead node's turn ends");
        holder.store.end_turn(&hold).await.unwrap();
    }
    fast.stop().await;
    slow.stop().await;
}
