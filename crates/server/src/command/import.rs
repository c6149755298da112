//! `limpet-server practice import`: clients and patients out of a CSV file.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
};

use anyhow::{Context, anyhow, bail};
use limpet_model::PracticeId;
use limpet_wire::http::{ImportCounts, ImportFate, ImportReport};

use super::say;
use crate::{
    by::{Actor, By},
    clock::Clock,
    failure::Problem,
    imports::{Done, Said, look},
    progress::counted,
    store::Store,
};

/// Reads a file, says what it does row by row, and does it unless it is only to be looked at. The refused rows are written
/// into a file of their own where one is named; it has only headings when there are none.
pub(super) async fn import(
    store: &Store,
    practice: PracticeId,
    file: &Path,
    only_look: bool,
    said: &Said,
    refused: Option<&Path>,
) -> anyhow::Result<()> {
    store
        .practice(practice)
        .await?
        .with_context(|| format!("there is no practice with the id {practice}"))?;
    if refused.is_some_and(|refused| is_same(file, refused)) {
        bail!("--refused names the file itself; the refused rows would be written over it");
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let known = store.known_people(practice).await?;
    let Done { report, planned, refused_file } =
        look(practice, &bytes, said, known).map_err(|problem| in_words(&problem))?;
    // Before anything is done: without the file nobody would learn what was not.
    let refused = refused.map(|path| open(path).map(|file| (path, file))).transpose()?;
    if !only_look {
        let by = By::new(practice, Actor::Operator, Clock::system().now());
        store.import(by, &report.preview, &planned).await?;
    }
    // Also when there are none: what a file of an earlier time says is not true any more.
    let written = refused.map_or(Ok(()), |(path, file)| write_over(path, file, &refused_file));
    // Also when that failed: what was done is done. And whoever reads along may be gone by now.
    let told = tell(&report, only_look);
    written.and(told)
}

/// Opens a file to write, and leaves in it what there is.
fn open(path: &Path) -> anyhow::Result<File> {
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    open.with_context(|| format!("cannot write {}", path.display()))
}

fn write_over(path: &Path, mut file: File, text: &str) -> anyhow::Result<()> {
    // What is no file, a terminal or a pipe, has nothing of before in it.
    let is_file = file.metadata().is_ok_and(|of| of.is_file());
    let emptied = if is_file { file.set_len(0) } else { Ok(()) };
    emptied
        .and_then(|()| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Whether the two are one file, whatever they are called.
fn is_same(one: &Path, two: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| two.canonicalize().is_ok_and(|two| one == two))
}

/// What a person at the command line is told of a problem.
pub(super) fn in_words(problem: &Problem) -> anyhow::Error {
    anyhow!(problem.failure().message.clone())
}

fn tell(report: &ImportReport, only_look: bool) -> anyhow::Result<()> {
    for column in &report.columns {
        let field = serde_json::to_value(column.field)?;
        say(&format!("column {}: {}", column.heading.escape_debug(), field.as_str().unwrap_or("left out")))?;
    }
    for row in &report.rows {
        if let Some(why) = &row.refused {
            say(&format!("row {}: refused: {why}", row.row))?;
            continue;
        }
        for (what, part) in [("client", &row.client), ("patient", &row.patient)] {
            match part.fate {
                ImportFate::New => say(&format!("row {}: new {what}", row.row))?,
                ImportFate::Changed => {
                    say(&format!("row {}: {what} changes: {}", row.row, part.fields.join(", ")))?;
                }
                ImportFate::None | ImportFate::Same => {}
            }
        }
    }
    let ImportCounts { rows, refused, new_clients, changed_clients, new_patients, changed_patients } =
        report.counts;
    let done = match new_clients {
        _ if only_look => "would be",
        1 => "is",
        _ => "are",
    };
    let (rows, refused) = (counted(rows, "row"), counted(refused, "row"));
    let (clients, patients) = (counted(new_clients, "client"), counted(new_patients, "patient"));
    say(&format!(
        "{rows}: {clients} {done} new and {changed_clients} changed, {patients} new and {changed_patients} changed, \
         {refused} refused"
    ))
}
