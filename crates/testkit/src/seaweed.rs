//! An S3 store of our own: SeaweedFS, one process on free ports, gone with whoever started it.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::{clips, leash::Leash, servers::free_ports};

const BUCKET: &str = "limpet";
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "limpet-tests";
const SECRET: &str = "only for tests on this machine";

/// A running store.
#[derive(Debug)]
pub struct Seaweed {
    port: u16,
    secure_port: u16,
    server: Leash,
}

impl Seaweed {
    /// Starts one with an empty bucket.
    ///
    /// # Errors
    /// When SeaweedFS is not installed, or does not start.
    pub fn start() -> Result<Self> {
        let program = program().context("SeaweedFS is not installed here (script/bootstrap installs it)")?;
        let folder = tempfile::Builder::new().prefix("limpet-seaweed-").tempdir()?.keep();
        let data = folder.join("data");
        fs::create_dir(&data)?;
        let config = folder.join("s3.json");
        let identity = serde_json::json!({
            "name": "limpet",
            "credentials": [{ "accessKey": KEY, "secretKey": SECRET }],
            "actions": ["Admin", "Read", "Write", "List"],
        });
        fs::write(&config, serde_json::json!({ "identities": [identity] }).to_string())?;
        let (key, certificate) = (folder.join("key.pem"), folder.join(CERTIFICATE));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null())
            .status()
            .context("openssl does not start")?;
        ensure!(made.success(), "openssl made no certificate");
        let [master, master_grpc, volume, volume_grpc, filer, filer_grpc, port, s3_grpc, secure_port] =
            free_ports()?;
        let mut server = Command::new(program);
        server.args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-master.telemetry=false"]);
        server.arg(format!("-dir={}", data.display())).arg(format!("-s3.config={}", config.display()));
        server.args(["-master.volumeSizeLimitMB=256", "-volume.max=64", "-volume.preStopSeconds=0"]);
        server.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
        server.arg(format!("-s3.key.file={}", key.display()));
        server.arg(format!("-s3.cert.file={}", certificate.display()));
        for (name, number) in [
            ("master.port", master),
            ("master.port.grpc", master_grpc),
            ("volume.port", volume),
            ("volume.port.grpc", volume_grpc),
            ("filer.port", filer),
            ("filer.port.grpc", filer_grpc),
            ("s3.port", port),
            ("s3.port.https", secure_port),
            ("s3.port.grpc", s3_grpc),
        ] {
            server.arg(format!("-{name}={number}"));
        }
        let server = Leash::start(&server, folder, "KILL")?;
        // A folder below /buckets is a bucket. What is put there first says that there is room for it.
        let ready = || {
            asked(filer, &format!("PUT /buckets/{BUCKET}/ready HTTP/1.1\r\nContent-Length: 5"), "ready")
                .is_some_and(|answer| answer.starts_with("HTTP/1.1 201"))
                && asked(port, "GET /status HTTP/1.1", "").is_some()
        };
        server.wait_until(ready).context("SeaweedFS")?;
        Ok(Self { port, secure_port, server })
    }

    /// A folder of the bucket, as `--blobs` takes it.
    pub fn blobs(&self, folder: &str) -> String {
        format!("s3://{BUCKET}/{folder}")
    }

    /// How it is reached, as the environment of a program says it.
    pub fn environment(&self) -> [(String, String); 4] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// What has to be said over that to reach it over TLS, and to believe its certificate.
    pub fn secure_environment(&self) -> [(String, String); 2] {
        let certificate = self.server.folder().join(CERTIFICATE);
        [
            ("AWS_ENDPOINT_URL".to_owned(), format!("https://127.0.0.1:{}", self.secure_port)),
            ("SSL_CERT_FILE".to_owned(), certificate.display().to_string()),
        ]
    }
}

/// What a server on this machine answers.
fn asked(port: u16, head: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}

/// `weed`, where script/bootstrap put it or somebody else.
fn program() -> Option<PathBuf> {
    let cache = clips::cache_dir();
    let tools = cache.parent().map(|cache| cache.join("tools/bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = tools.into_iter().chain(env::split_paths(&path));
    folders.map(|folder| folder.join("weed")).find(|program| program.is_file())
}
