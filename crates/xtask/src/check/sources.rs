//! The project's own text files.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// A file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Relative to the project's folder, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// A file that exists only in a test.
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Whether its name ends in one of these.
    pub fn is_one_of(&self, extensions: &[&str]) -> bool {
        extensions.iter().any(|extension| self.path.ends_with(extension))
    }
}

const FOLDERS: [&str; 6] = ["crates", "src-tauri", "ui", "tests", "docs", "script"];
const EXTENSIONS: [&str; 8] = [".rs", ".ts", ".js", ".svelte", ".css", ".html", ".json", ".md"];
const NOT_OURS: [&str; 6] = ["node_modules", "dist", "target", "gen", ".git", "test-results"];

/// Reads every file that a rule may be about.
pub fn read(root: &Path) -> Result<Vec<Source>> {
    let mut found = vec![];
    for folder in FOLDERS {
        let path = root.join(folder);
        if path.is_dir() {
            walk(&path, folder, &mut found)?;
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(folder: &Path, name: &str, found: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{name} cannot be read"))? {
        let entry = entry?;
        let own = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{name}/{own}");
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&own.as_str()) {
                walk(&entry.path(), &path, found)?;
            }
        } else if EXTENSIONS.iter().any(|extension| own.ends_with(extension)) {
            let text = fs::read_to_string(entry.path()).with_context(|| format!("{path} cannot be read"))?;
            found.push(Source { path, text });
        }
    }
    Ok(())
}
