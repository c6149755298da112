//! Two servers on one database, as a practice's devices meet them behind a balancer.

use futures_util::StreamExt;
use limpet_model::{Client, ClientId, Practice, PracticeId, Role, StaffId, StaffMember};
use limpet_server::{
    by::{Actor, By},
    clock::Clock,
    secrets::hash_password,
    serve::{Running, Settings, start},
};
use limpet_wire::{
    changes::{ChangePage, Entity},
    http::{SignIn, StaffSession},
};

const PASSWORD: &str = "three wet otters";

async fn node(url: &str, data: &tempfile::TempDir) -> (Running, String) {
    let running = start(Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        database: Some(url.into()),
        workers: 0,
        ..Settings::in_folder(data.path())
    })
    .await
    .unwrap();
    let base = format!("http://{}", running.address);
    (running, base)
}

pub async fn a_device_may_ask_any_node(url: &str) {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, here) = node(url, &folders[0]).await;
    let (two, there) = node(url, &folders[1]).await;
    let practice = Practice {
        id: PracticeId::new(),
        name: "Lapa".into(),
        address: String::new(),
        phone: String::new(),
        time_zone: "UTC".into(),
        settings: Box::default(),
    };
    let ana = StaffMember {
        id: StaffId::new(),
        name: "Ana".into(),
        role: Role::Admin,
        email: "ana@example.org".into(),
        active: true,
    };
    let (store, now) = (&one.app().store, Clock::system().now());
    store.add_practice(&practice, now).await.unwrap();
    store
        .add_staff(By::new(practice.id, Actor::Operator, now), &ana, &hash_password(PASSWORD).unwrap())
        .await
        .unwrap();

    let http = reqwest::Client::new();
    let sign_in = SignIn {
        email: ana.email.clone(),
        password: PASSWORD.into(),
        device: String::new(),
        code: None,
        mark: None,
    };
    let answer = http.post(format!("{here}/v1/sign-in")).json(&sign_in).send().await.unwrap();
    let token = answer.json::<StaffSession>().await.unwrap().token;

    // Signed in here, listening there; what is written here is heard and read there.
    let live = http.get(format!("{there}/v1/live")).bearer_auth(&token).send().await.unwrap();
    let mut events = live.bytes_stream();
    assert!(events.next().await.unwrap().unwrap().starts_with(b"data: 2"));
    let client = Client {
        id: ClientId::new(),
        name: "Marta".into(),
        email: String::new(),
        phone: String::new(),
        address: String::new(),
        pms_id: String::new(),
    };
    let put = http.put(format!("{here}/v1/clients/{}", client.id)).bearer_auth(&token).json(&client).send();
    assert_eq!(put.await.unwrap().status(), 204);
    while !events.next().await.unwrap().unwrap().starts_with(b"data: 3") {}
    let page = http.get(format!("{there}/v1/changes?since=2")).bearer_auth(&token).send().await.unwrap();
    let page: ChangePage = page.json().await.unwrap();
    assert_eq!(page.changes.len(), 1);
    assert_eq!(page.changes[0].entity, Entity::Client(client));
    drop(events);
    one.stop().await;
    two.stop().await;
}
