//! The real program, as an operator runs it: started, killed, started again on the same folder.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use limpet_model::{Attachment, AttachmentId, AttachmentState};

use crate::{
    clinic::{Device, PASSWORD, sign_in},
    ground,
};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_limpet-server");

/// A running server; killed when dropped.
pub struct Process {
    child: Child,
    pub base: String,
}

impl Process {
    pub fn start(data: &Path, more: &[&str]) -> Self {
        Self::run(command(data, more).env("LIMPET_LOG", "warn"))
    }

    /// Writes down everything it has to say.
    pub fn start_with_log(data: &Path, more: &[&str], log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap();
        Self::run(command(data, more).env("LIMPET_LOG", "info,limpet_server=trace,sqlx=warn").stderr(log))
    }

    /// Starts what this command says, and waits until it listens.
    pub fn run(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("it said {line:?}"))
            .to_owned();
        Self { child, base }
    }

    /// The memory it has, bytes; and from now on [`Process::most_memory`] counts anew.
    pub fn memory(&self) -> u64 {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
        self.most_memory()
    }

    /// The most memory it has had, bytes.
    pub fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        most.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// As the machine losing power looks to the process.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As an operator stops it.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    ground::dress(&mut command, data);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(more);
    command
}

/// Runs a command with this on its standard input.
pub fn run(args: &[&str], data: &Path, input: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    ground::dress(&mut command, data);
    let mut child = command
        .args(args)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have said no before it read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// A folder with a practice and a veterinarian in it.
pub fn furnish(data: &Path) {
    let practice = run(
        &["practice", "add", "--name", "Lapa Veterinary Clinic", "--time-zone", "Europe/Madrid"],
        data,
        "",
    );
    let practice = String::from_utf8(practice.stdout).unwrap();
    let added = run(
        &[
            "staff",
            "add",
            "--practice",
            practice.trim(),
            "--name",
            "Dr. Ana Ruiz",
            "--email",
            "ana@example.org",
            "--role",
            "veterinarian",
        ],
        data,
        PASSWORD,
    );
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
}

/// A staff device of a furnished server.
pub async fn staff(process: &Process) -> Device {
    sign_in(&process.base, "ana@example.org").await
}

/// The attachment once nothing more happens to it.
pub async fn settled(device: &Device, id: AttachmentId) -> Attachment {
    let begun = Instant::now();
    loop {
        let attachment = device.attachment(id).await;
        if matches!(attachment.state, AttachmentState::Ready | AttachmentState::Refused { .. }) {
            return attachment;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "never settled: {attachment:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A phone's clip: a real one where `LIMPET_REAL_CLIPS` has it, else one made here.
pub fn phone_clip() -> Vec<u8> {
    let folder = std::env::var_os("LIMPET_REAL_CLIPS").unwrap_or_default();
    std::fs::read(Path::new(&folder).join("sample_edit_list.mp4")).unwrap_or_else(|_| made_clip(4))
}

/// A short clip, made by the ffmpeg program.
pub fn made_clip(seconds: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("made.mp4");
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            &format!("testsrc=size=320x240:rate=25:duration={seconds}"),
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            &format!("sine=frequency=440:duration={seconds}"),
            "-pix_fmt",
            "yuv420p",
            "-shortest",
        ])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    std::fs::read(path).unwrap()
}
