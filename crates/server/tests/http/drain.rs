//! A node that stops behind a balancer, while requests never pause.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use limpet_model::AttachmentKind;
use limpet_wire::Code;

use crate::{
    clinic::{Case, Device, fails, file},
    process::{Process, furnish, staff},
    uploads::{chunk, create, head, offset},
};

/// A node as a balancer sees it.
struct Node {
    device: Device,
    case: Case,
    ready: AtomicBool,
    answered: AtomicU64,
}

/// Asks as often as balancers do, and believes what it is told.
async fn look(nodes: Arc<Vec<Node>>, over: Arc<AtomicBool>) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
    while !over.load(Ordering::Relaxed) {
        for node in nodes.iter() {
            let answer = http.get(format!("{}/readyz", node.device.base)).send().await;
            node.ready.store(answer.is_ok_and(|answer| answer.status() == 200), Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Reads and writes without a pause; answers what failed.
async fn ask(nodes: Arc<Vec<Node>>, over: Arc<AtomicBool>, first: usize) -> Vec<String> {
    let (mut failed, mut turn) = (Vec::new(), first);
    while !over.load(Ordering::Relaxed) {
        turn += 1;
        let ready: Vec<&Node> = nodes.iter().filter(|node| node.ready.load(Ordering::Relaxed)).collect();
        let Some(node) = ready.get(turn % ready.len().max(1)) else {
            failed.push("no node is ready".into());
            continue;
        };
        let device = &node.device;
        let request = if turn % 4 == 0 {
            let path = format!("/v1/messages/{}", limpet_model::MessageId::new());
            device.ask(reqwest::Method::PUT, &path).json(&crate::clinic::words(&node.case, "Still here"))
        } else {
            device.ask(reqwest::Method::GET, "/v1/me")
        };
        match request.send().await {
            Ok(answer) if answer.status().is_success() => {
                node.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => failed.push(answer.status().to_string()),
            Err(error) => failed.push(format!("{error:?}")),
        }
    }
    failed
}

#[tokio::test]
async fn a_node_stops_without_one_failed_request() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut processes = Vec::new();
    let mut nodes = Vec::new();
    for folder in &folders {
        furnish(folder.path());
        let process = Process::start(folder.path(), &["--drain", "2", "--workers", "0"]);
        let device = staff(&process).await;
        let case = device.open_case().await;
        processes.push(process);
        nodes.push(Node { device, case, ready: true.into(), answered: 0.into() });
    }
    let nodes = Arc::new(nodes);
    let over = Arc::new(AtomicBool::new(false));
    let looking = tokio::spawn(look(nodes.clone(), over.clone()));
    let asking: Vec<_> = (0..6).map(|first| tokio::spawn(ask(nodes.clone(), over.clone(), first))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;

    // A phone is in the middle of a file when the node is told to stop. What would take for ever is not waited for: it is
    // told to go on later.
    let (device, case) = (nodes[0].device.clone(), nodes[0].case);
    let id = device.announce(&case, file(AttachmentKind::Clip, "walk.mov", 400_000)).await;
    create(&device, id, 400_000).await;
    let (pieces, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(body));
    let slow = tokio::spawn(chunk(&device, id, 0).body(body).send());
    pieces.send(Ok(vec![7; 100_000])).await.unwrap();
    let first = processes.remove(0);
    let stopping = tokio::task::spawn_blocking(move || first.terminate());
    tokio::time::sleep(Duration::from_secs(1)).await;
    pieces.send(Ok(vec![7; 100_000])).await.unwrap();
    fails(slow.await.unwrap().unwrap(), 503, Code::Offline).await;
    assert!(stopping.await.unwrap().success());
    let there = nodes[0].answered.load(Ordering::Relaxed);
    let elsewhere = nodes[1].answered.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    over.store(true, Ordering::Relaxed);
    looking.await.unwrap();
    for asking in asking {
        let failed = asking.await.unwrap();
        assert!(failed.is_empty(), "{failed:?}");
    }
    assert!(there > 50 && elsewhere > 50, "there was no load: {there} {elsewhere}");
    assert_eq!(nodes[0].answered.load(Ordering::Relaxed), there, "nobody asks a node that has stopped");
    assert!(nodes[1].answered.load(Ordering::Relaxed) > elsewhere + 50, "the other one answers on");

    let again = Process::start(folders[0].path(), &["--workers", "0"]);
    let device = Device { base: again.base.clone(), ..device };
    assert_eq!(offset(&head(&device, id).await), 200_000, "it goes on where it was");
}
