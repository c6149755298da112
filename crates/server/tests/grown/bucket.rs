//! The blob store on a real S3, and what is said when there is none.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::TryStreamExt;
use limpet_model::{AttachmentId, PracticeId};
use limpet_server::{
    blobs::{BlobError, Blobs, Bucket, Part},
    file_of::FileOf,
    serve::Settings,
};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    clinic::Clinic,
    ground,
    process::{PROGRAM, furnish, run},
};

async fn read(blobs: &Blobs, of: FileOf, range: std::ops::Range<u64>) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<_> = blobs.stream(of, Part::Original, range).await?.try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn files_come_back_byte_for_byte_and_what_is_missing_says_so() {
    let data = tempfile::tempdir().unwrap();
    let blobs = ground::blobs(data.path());
    blobs.answers().await.unwrap();
    let of = FileOf { practice: PracticeId::new(), attachment: AttachmentId::new() };
    assert!(matches!(blobs.meta(of, Part::Original).await, Err(BlobError::Missing)));
    assert!(matches!(read(&blobs, of, 0..1).await, Err(BlobError::Missing)));
    // In one piece, in exactly one, and in several.
    for size in [3_u32, 5 << 20, (5 << 20) + 1, 17_000_000] {
        let content: Vec<u8> = (0..size).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let path = data.path().join("file");
        std::fs::write(&path, &content).unwrap();
        blobs.put_file(of, Part::Original, &path).await.unwrap();
        let size = u64::from(size);
        assert_eq!(blobs.meta(of, Part::Original).await.unwrap().size, size);
        assert!(read(&blobs, of, 0..size).await.unwrap() == content, "{size}");
        assert!(read(&blobs, of, size - 2..size).await.unwrap() == content[content.len() - 2..], "{size}");
    }
    let listed: Vec<_> = blobs.list().try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].path.clone(), listed[0].bytes), (Blobs::path_of(of, Part::Original), 17_000_000));
    blobs.put_part(of, "0-ab", b"part".to_vec().into()).await.unwrap();
    assert_eq!(blobs.list_arriving().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    blobs.remove_parts(of, vec!["0-ab".into(), "4-never".into()]).await.unwrap();
    assert_eq!(blobs.list_arriving().try_collect::<Vec<_>>().await.unwrap(), []);
    blobs.set_aside(&listed[0].path).await.unwrap();
    assert!(matches!(blobs.meta(of, Part::Original).await, Err(BlobError::Missing)));
    let listed: Vec<_> = blobs.list().try_collect().await.unwrap();
    assert!(Blobs::is_aside(&listed[0].path) && listed.len() == 1);
}

#[test]
fn a_bucket_that_cannot_be_used_is_said_before_anything_is_served() {
    let data = tempfile::tempdir().unwrap();
    let refused = |more: &[&str], part: &str| {
        let output = run(&[&["serve", "--listen", "127.0.0.1:0"], more].concat(), data.path(), "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(said.contains("blob store") && said.contains(part), "{said}");
    };
    refused(&["--blobs", "s3://nobodys-bucket/files"], "NoSuchBucket");
    refused(&["--blobs", "/srv/files"], "is not like s3://");
    refused(&["--blobs", "https://example.org/files"], "is not like s3://");
}

#[test]
fn a_store_over_tls_has_to_prove_who_it_is() {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let look = |known: bool| {
        let mut command = Command::new(PROGRAM);
        ground::dress(&mut command, data.path());
        command.arg("doctor").envs(ground::secure_environment());
        if !known {
            command.env_remove("SSL_CERT_FILE");
        }
        command.output().unwrap()
    };
    assert_eq!(String::from_utf8(look(true).stdout).unwrap(), "all is well\n");
    let said = String::from_utf8(look(false).stderr).unwrap();
    assert!(said.contains("certificate verify failed"), "{said}");
}

#[tokio::test]
async fn a_wrong_key_opens_nothing() {
    let data = tempfile::tempdir().unwrap();
    let blobs = ground::place(data.path()).blobs;
    let wrong = ground::environment().map(|(name, value)| {
        let value = if name == "AWS_SECRET_ACCESS_KEY" { "another".to_owned() } else { value };
        (name, value)
    });
    let blobs = Blobs::in_bucket(&Bucket::with_options(blobs, wrong)).unwrap();
    let error = blobs.answers().await.unwrap_err().to_string();
    assert!(error.contains("SignatureDoesNotMatch"), "{error}");
}

/// A bucket that can be cut off: what is said to it goes through here.
struct Line {
    address: std::net::SocketAddr,
    through: Arc<AtomicBool>,
    /// What is cut off is not told so: nothing comes any more.
    silent: Arc<AtomicBool>,
    /// Connections that may still pass something on.
    open: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Line {
    async fn to(bucket: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self {
            address: listener.local_addr().unwrap(),
            through: Arc::new(AtomicBool::new(true)),
            silent: Arc::default(),
            open: Arc::default(),
            connections: Arc::default(),
        };
        let (through, silent) = (line.through.clone(), line.silent.clone());
        let (open, connections) = (line.open.clone(), line.connections.clone());
        tokio::spawn(async move {
            loop {
                let (mut from, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                open.fetch_add(1, Ordering::SeqCst);
                let (bucket, open) = (bucket.clone(), open.clone());
                let (through, silent) = (through.clone(), silent.clone());
                tokio::spawn(async move {
                    let cut = async {
                        while through.load(Ordering::SeqCst) {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    };
                    let pass = async {
                        let mut to = TcpStream::connect(&bucket).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                    };
                    tokio::select! {
                        () = cut => {}
                        () = pass => {}
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                    while silent.load(Ordering::SeqCst) {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                });
            }
        });
        line
    }

    /// Cuts it off; nothing passes any more once this returns.
    async fn cut(&self, silently: bool) {
        self.silent.store(silently, Ordering::SeqCst);
        self.through.store(false, Ordering::SeqCst);
        while self.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn mend(&self) {
        self.silent.store(false, Ordering::SeqCst);
        self.through.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_node_that_does_not_reach_its_bucket_is_not_ready_and_asks_it_seldom() {
    let environment = ground::environment();
    let endpoint = environment.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap().1.clone();
    let line = Line::to(endpoint.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned()).await;
    let clinic = Clinic::open_with(|settings| {
        let options = environment.clone().map(|(name, value)| match name.as_str() {
            "AWS_ENDPOINT_URL" => (name, format!("http://{}", line.address)),
            _ => (name, value),
        });
        let blobs = ground::place(&settings.data).blobs;
        Settings { blobs: Some(Bucket::with_options(blobs, options)), ..settings }
    })
    .await;
    let device = clinic.stranger();
    let ready = async || {
        let answer = device.get("/readyz").await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ready().await, (200, "ready\n".into()));
    line.cut(false).await;
    let before = line.connections.load(Ordering::SeqCst);
    for _ in 0..20 {
        assert_eq!(ready().await.0, 200, "it was asked a moment ago");
    }
    assert_eq!(line.connections.load(Ordering::SeqCst), before);
    clinic.clock.advance(5_000);
    let asked = std::time::Instant::now();
    assert_eq!(ready().await, (503, "the bucket does not answer\n".into()));
    assert!(asked.elapsed() < Duration::from_secs(5), "a balancer gets its answer");
    // What does not need the bucket goes on.
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    staff.say(&case, "Good morning").await;
    line.mend();
    clinic.clock.advance(5_000);
    assert_eq!(ready().await.0, 200);
    // One that takes what is asked and says nothing.
    line.cut(true).await;
    clinic.clock.advance(5_000);
    let asked = std::time::Instant::now();
    assert_eq!(ready().await.0, 503);
    assert!(asked.elapsed() < Duration::from_secs(5), "a balancer gets its answer");
    line.mend();
}
