//! A program that ends with whoever started it, however that ends, and takes its folder along.
//!
//! A shell holds it: the shell waits until its standard input closes, which the system does also for a process that was
//! killed, or that ends without dropping what it keeps for all its tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// Longest wait for a program to be ready. Reached only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

const HOLD: &str = r#"trap "" INT HUP
folder=$1 signal=$2
shift 2
cd "$folder"
"$@" </dev/null >"$folder/said" 2>&1 &
printf %s "$!" >"$folder/process.aside" && mv "$folder/process.aside" "$folder/process"
cat
kill -"$signal" "$!"
wait "$!"
rm -rf "$folder""#;

/// A program that runs. Ends when dropped, or with this process.
#[derive(Debug)]
pub struct Leash {
    shell: Child,
    folder: PathBuf,
}

impl Leash {
    /// Starts a program whose things are in `folder`; `signal` ends it.
    pub fn start(program: &Command, folder: PathBuf, signal: &str) -> Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", HOLD, "sh"])
            .arg(&folder)
            .arg(signal)
            .arg(program.get_program())
            .args(program.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("sh does not start")?;
        Ok(Self { shell, folder })
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it has ended, or is not ready for a minute; with what it said.
    pub fn wait_until(&self, mut ready: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !ready() {
            if begun.elapsed() > PATIENCE || self.has_ended() {
                let said = fs::read_to_string(self.folder.join("said")).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(20).collect();
                bail!("it did not start:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn has_ended(&self) -> bool {
        let Ok(process) = fs::read_to_string(self.folder.join("process")) else { return false };
        let asked = Command::new("kill").args(["-0", &process]).stderr(Stdio::null()).status();
        !asked.is_ok_and(|asked| asked.success())
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
