//! The real limpet-server on a free port of this machine.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use limpet_model::{PracticeId, Role, StaffId};
use tempfile::TempDir;

/// Longest wait for a server to say where it listens. Reached only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of this workspace that `cargo build` has made, beside the program that is running.
///
/// # Errors
/// When it has not been built.
pub fn program(name: &str) -> Result<PathBuf> {
    let here = env::current_exe()?;
    let set = env::var_os("CARGO_TARGET_DIR").map(|target| PathBuf::from(target).join("debug"));
    here.ancestors()
        .skip(1)
        .take(2)
        .map(Path::to_path_buf)
        .chain(set)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not built: run `cargo build --package {name}` first"))
}

/// Ports of this machine that nobody listens on.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // All are held until all are known, so that none is told twice.
    let held: Vec<TcpListener> =
        (0..N).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<std::io::Result<_>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// A practice to add.
#[derive(Debug, Clone, Copy)]
pub struct NewPractice<'a> {
    /// The name on the letterhead.
    pub name: &'a str,
    /// Street and town, one line each.
    pub address: &'a str,
    /// Telephone.
    pub phone: &'a str,
    /// IANA time zone.
    pub time_zone: &'a str,
}

/// A staff member to add.
#[derive(Debug, Clone, Copy)]
pub struct NewStaff<'a> {
    /// Name.
    pub name: &'a str,
    /// Sign-in name.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// Role.
    pub role: Role,
}

/// Adds a practice to the data folder of a server, running or not, as its administrator would.
pub fn add_practice(data: &Path, new: NewPractice<'_>) -> Result<PracticeId> {
    let mut command = Command::new(program("limpet-server")?);
    command.args(["practice", "add", "--data"]).arg(data);
    command.args(["--name", new.name, "--time-zone", new.time_zone]);
    command.args(["--address", new.address, "--phone", new.phone]);
    said_id(command, "")
}

/// Adds a staff member, as the administrator would.
pub fn add_staff(data: &Path, practice: PracticeId, new: NewStaff<'_>) -> Result<StaffId> {
    let role = serde_json::to_value(new.role)?;
    let role = role.as_str().context("a role is a word")?.replace('_', "-");
    let mut command = Command::new(program("limpet-server")?);
    command.args(["staff", "add", "--data"]).arg(data);
    command.args(["--practice", &practice.to_string(), "--name", new.name]);
    command.args(["--email", new.email, "--role", &role]);
    said_id(command, new.password)
}

/// The audit log of a practice, as the administrator exports it: who, what, and what it was done to.
pub fn audit(data: &Path, practice: PracticeId) -> Result<Vec<String>> {
    let output = Command::new(program("limpet-server")?)
        .args(["audit", "export", "--practice", &practice.to_string(), "--data"])
        .arg(data)
        .output()?;
    ensure!(
        output.status.success(),
        "limpet-server said: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let line = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line)?;
        let word = |name: &str| entry.get(name).and_then(|word| word.as_str()).unwrap_or_default();
        Ok(format!("{} {} {}", word("actor"), word("act"), word("subject")))
    };
    String::from_utf8(output.stdout)?.lines().map(line).collect()
}

fn said_id<T: std::str::FromStr>(mut command: Command, input: &str) -> Result<T> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", command.get_program().display()))?;
    writeln!(child.stdin.take().context("no pipe")?, "{input}")?;
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "limpet-server said: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let said = String::from_utf8(output.stdout)?;
    said.trim().parse().ok().with_context(|| format!("limpet-server printed {said:?} where an id belongs"))
}

/// A running limpet-server. Ends when dropped.
pub struct Server {
    child: Child,
    url: String,
    data: PathBuf,
    _own: Option<TempDir>,
}

impl Server {
    /// Starts one with a data folder of its own.
    pub fn start() -> Result<Self> {
        let own = tempfile::tempdir()?;
        let data = own.path().to_path_buf();
        Self::launch(&data, "127.0.0.1:0", &[], Some(own))
    }

    /// Starts one on a data folder; port 0 is any free one.
    pub fn start_in(data: &Path, listen: &str) -> Result<Self> {
        Self::start_with(data, listen, &[])
    }

    /// The same, with more in its environment.
    pub fn start_with(data: &Path, listen: &str, environment: &[(&str, &OsStr)]) -> Result<Self> {
        Self::launch(data, listen, environment, None)
    }

    fn launch(
        data: &Path,
        listen: &str,
        environment: &[(&str, &OsStr)],
        own: Option<TempDir>,
    ) -> Result<Self> {
        let mut child = Command::new(program("limpet-server")?)
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .env("LIMPET_LOG", env::var_os("LIMPET_LOG").unwrap_or_else(|| "warn".into()))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("limpet-server does not start")?;
        let told = child.stdout.take().context("no pipe")?;
        let mut server = Self { child, url: String::new(), data: data.into(), _own: own };
        server.url = where_it_listens(told)?;
        Ok(server)
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without warning, as a power cut does, and waits until it is gone.
    pub fn cut(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on the same port and data folder, after [`Server::cut`].
    pub fn start_again(&mut self) -> Result<()> {
        let listen = self.url.trim_start_matches("http://").to_owned();
        let mut again = Self::start_in(&self.data, &listen)?;
        std::mem::swap(&mut self.child, &mut again.child);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in its first line. What it prints later is thrown away, so that its pipe never fills up.
fn where_it_listens(told: impl std::io::Read + Send + 'static) -> Result<String> {
    let (tell, hear) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(told).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    let line = hear.recv_timeout(PATIENCE).context("limpet-server ended, or did not say where it listens")?;
    match line.strip_prefix("listening on ") {
        Some(url) => Ok(url.trim().to_owned()),
        None => bail!("limpet-server printed {line:?} where `listening on` belongs"),
    }
}
