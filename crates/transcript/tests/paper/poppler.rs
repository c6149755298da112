//! Poppler's tools on a transcript.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use limpet_transcript::{Transcript, transcript};

/// A transcript on disk, kept for looking at.
pub struct Paper {
    pub bytes: Vec<u8>,
    file: PathBuf,
}

/// A picture in the file.
#[derive(Debug)]
pub struct Image {
    pub page: u32,
    pub encoding: String,
    pub pixels: (u32, u32),
    pub dots_per_inch: [u32; 2],
}

impl Paper {
    pub fn of(name: &str, input: &Transcript) -> Self {
        let bytes = transcript(input).unwrap();
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("transcript-{name}.pdf"));
        fs::write(&file, &bytes).unwrap();
        Self { bytes, file }
    }

    /// All text, laid out; a form feed ends each page.
    pub fn text(&self) -> String {
        self.run("pdftotext", &["-layout"], &["-"])
    }

    /// The text of one page.
    pub fn page(&self, number: u32) -> String {
        let number = number.to_string();
        self.run("pdftotext", &["-layout", "-f", &number, "-l", &number], &["-"])
    }

    /// What the file says about itself.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let text = self.run("pdfinfo", &[], &[]);
        let pair = |line: &str| line.split_once(':').map(|(k, v)| (k.to_owned(), v.trim().to_owned()));
        text.lines().filter_map(pair).collect()
    }

    /// Addresses that can be opened.
    pub fn links(&self) -> Vec<String> {
        let text = self.run("pdfinfo", &["-url"], &[]);
        text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect()
    }

    /// Every time a picture is shown.
    pub fn images(&self) -> Vec<Image> {
        let text = self.run("pdfimages", &["-list"], &[]);
        let image = |line: &str| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let number = |index: usize| parts[index].parse::<u32>().unwrap();
            Image {
                page: number(0),
                encoding: parts[8].to_owned(),
                pixels: (number(3), number(4)),
                dots_per_inch: [number(12), number(13)],
            }
        };
        text.lines().skip(2).map(image).collect()
    }

    fn run(&self, tool: &str, before: &[&str], after: &[&str]) -> String {
        let output = Command::new(tool)
            .args(before)
            .arg(&self.file)
            .args(after)
            .output()
            .unwrap_or_else(|error| panic!("{tool} cannot be started ({error}): install poppler-utils"));
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}
