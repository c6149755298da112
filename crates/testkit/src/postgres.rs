//! A PostgreSQL of our own: a fresh cluster on a free port, gone with whoever started it. It never runs as root.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::{leash::Leash, servers::free_ports};

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    port: u16,
    server: Leash,
}

impl Cluster {
    /// Starts one that does not wait for the disk.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_told(&["-c", "fsync=off"])
    }

    /// Starts one that keeps what it commits, as it does unless told otherwise.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start_synced() -> Result<Self> {
        Self::start_told(&[])
    }

    fn start_told(told: &[&str]) -> Result<Self> {
        let programs =
            newest_programs().context("PostgreSQL is not installed here (apt-get install postgresql)")?;
        let folder = tempfile::Builder::new().prefix("limpet-postgres-").tempdir()?.keep();
        let data = folder.join("data");
        if is_root()? {
            let owned = Command::new("chown").arg("postgres:postgres").arg(&folder).status()?;
            ensure!(owned.success(), "the package's user postgres is missing");
        }
        let made = as_nobody_special(&programs.join("initdb"))?
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
            .status()?;
        ensure!(made.success(), "initdb failed");
        let [port] = free_ports()?;
        let mut server = as_nobody_special(&programs.join("postgres"))?;
        server.arg("-D").arg(&data);
        server.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]).args(told);
        server.args(["-c", "unix_socket_directories=", "-c", "max_connections=200"]);
        // To the postmaster: it takes its children with it, and nothing here is worth keeping.
        let server = Leash::start(&server, folder, "QUIT")?;
        let cluster = Self { programs, port, server };
        let ready = || {
            let asked = cluster.program("pg_isready").stdout(Stdio::null()).status();
            asked.is_ok_and(|asked| asked.success())
        };
        cluster.server.wait_until(ready).context("PostgreSQL")?;
        Ok(cluster)
    }

    /// Makes a database and answers its address.
    pub fn create_database(&self, name: &str) -> Result<String> {
        let made = self.program("createdb").arg(name).status()?;
        ensure!(made.success(), "createdb failed");
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", self.port))
    }

    /// One of PostgreSQL's own programs, told where this cluster is.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()]);
        command
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

fn is_root() -> Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout.trim_ascii() == b"0")
}

/// PostgreSQL refuses to run as root: as root it is run as the user its package made.
fn as_nobody_special(program: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
        .arg(program)
        .current_dir("/");
    Ok(command)
}
