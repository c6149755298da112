//! `limpet-server practice import`: clients and patients out of a CSV file.

use std::path::Path;

use anyhow::{Context, anyhow};
use limpet_model::PracticeId;
use limpet_wire::http::{ImportCounts, ImportFate, ImportReport};

use super::say;
use crate::{
    by::{Actor, By},
    clock::Clock,
    failure::Problem,
    imports::{Done, Said, look},
    store::Store,
};

/// Reads a file, says what it does row by row, and does it unless it is only to be looked at. The refused rows are written
/// into a file of their own where one is named.
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
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let known = store.known_people(practice).await?;
    let Done { report, planned } =
        look(practice, &bytes, said, known).map_err(|problem| in_words(&problem))?;
    if !only_look {
        let by = By::new(practice, Actor::Operator, Clock::system().now());
        store.import(by, &report.preview, &planned).await?;
    }
    if let Some(path) = refused.filter(|_| !report.refused_csv.is_empty()) {
        std::fs::write(path, &report.refused_csv)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    tell(&report, only_look)
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
    let done = if only_look { "would be" } else { "are" };
    say(&format!(
        "{rows} rows: {new_clients} clients {done} new and {changed_clients} changed, {new_patients} patients new and \
         {changed_patients} changed, {refused} rows refused"
    ))
}
