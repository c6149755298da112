//! The rules of the house that no compiler knows. Each rule is a function from what the project holds to what
//! breaks it; reading the project is done here and nowhere else.
//!
//! **Invariant:** a rule names the file and the rule it breaks, and every rule has a test that breaks it.

mod crates;
mod heads;
mod imports;
mod listed;
mod locked;
mod sources;
mod styles;

use std::{fmt, path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

pub use sources::Source;

/// A rule that something breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// Where, relative to the project's folder.
    pub file: String,
    /// Which rule, as one reads it in the design.
    pub rule: String,
}

impl Broken {
    fn new(file: &str, rule: impl Into<String>) -> Self {
        Self { file: file.into(), rule: rule.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.rule)
    }
}

/// Checks the project in this folder. Prints what is broken.
///
/// # Errors
/// When something is.
pub fn check(root: &Path) -> Result<()> {
    let packages = crates::packages(&metadata(root)?, root)?;
    let sources = sources::read(root)?;
    ensure!(sources.len() > 20, "found only {} files: is this the project's folder?", sources.len());
    let mut broken = crates::broken(&packages);
    broken.extend(heads::broken(&sources));
    broken.extend(imports::broken(&sources));
    broken.extend(styles::broken(&sources));
    broken.extend(listed::broken(&packages, &sources));
    broken.extend(locked::broken(&tree(root)?));
    broken.sort();
    broken.dedup();
    for broken in &broken {
        println!("{broken}");
    }
    match broken.len() {
        0 => {
            println!("{} crates and {} files keep to the rules", packages.len(), sources.len());
            Ok(())
        }
        1 => bail!("1 rule is broken"),
        many => bail!("{many} rules are broken"),
    }
}

fn metadata(root: &Path) -> Result<String> {
    cargo(root, &["metadata", "--format-version", "1", "--no-deps", "--offline"])
}

/// Every package that is built, for whichever platform.
fn tree(root: &Path) -> Result<String> {
    cargo(
        root,
        &["tree", "--workspace", "--target", "all", "--prefix", "none", "--format", "{p}", "--locked"],
    )
}

fn cargo(root: &Path, told: &[&str]) -> Result<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(told)
        .current_dir(root)
        .output()
        .context("cargo does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo {}: {}", told.join(" "), said.trim());
    Ok(String::from_utf8(output.stdout)?)
}
