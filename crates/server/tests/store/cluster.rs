//! A PostgreSQL of our own: a fresh cluster on a free port, gone when dropped. It never runs as root.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub struct Cluster {
    programs: PathBuf,
    _folder: tempfile::TempDir,
    port: u16,
    server: Child,
}

impl Cluster {
    /// `None` where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let programs = newest_programs()?;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        if is_root() {
            let owned = Command::new("chown").arg("postgres:postgres").arg(folder.path()).status().unwrap();
            assert!(owned.success(), "the package's user postgres is missing");
        }
        let made = as_nobody_special(&programs.join("initdb"))
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = as_nobody_special(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "unix_socket_directories=", "-c", "max_connections=100"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self { programs, _folder: folder, port, server };
        cluster.wait();
        Some(cluster)
    }

    /// Makes a database and answers its address.
    pub fn create_database(&self, name: &str) -> String {
        let made = self.program("createdb").arg(name).status().unwrap();
        assert!(made.success());
        format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    fn wait(&self) {
        let begun = Instant::now();
        while !self.program("pg_isready").stdout(Stdio::null()).status().unwrap().success() {
            assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()]);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT to the postmaster: it takes its children with it, and nothing here is worth keeping.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

fn newest_programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root: as root it is run as the user its package made.
fn as_nobody_special(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
        .arg(program)
        .current_dir("/");
    command
}
