//! Clients and patients out of a CSV file of a practice management system.
//!
//! **Invariant:** what a file would do is decided by `plan::plan`, which writes nothing; doing it follows that plan. Who
//! a row speaks of is found by the practice's own numbers, and ids are made of them, so that the same file a second time
//! changes nothing.

mod cells;
mod columns;
mod plan;
mod read;
mod refused;
mod says;
mod sex;

use std::collections::BTreeMap;

use limpet_model::PracticeId;
use limpet_wire::http::{ImportColumn, ImportDates, ImportField, ImportReport};
use sha2::{Digest, Sha256};

pub use self::{
    columns::fields,
    plan::{Known, Planned},
    says::{ClientCells, PatientCells},
};
use crate::failure::{Answer, Problem};

/// What was said about a file.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Columns, by heading; nothing for those to leave out. The others are recognised.
    pub columns: BTreeMap<String, Option<ImportField>>,
    /// How its days are written, where they could be read either way.
    pub dates: Option<ImportDates>,
}

impl Said {
    /// As it is sent: a JSON object of headings and fields.
    pub fn read(columns: Option<&str>, dates: Option<ImportDates>) -> Answer<Self> {
        let words: Result<BTreeMap<String, Option<String>>, _> =
            serde_json::from_str(columns.unwrap_or("{}"));
        let words = words.map_err(|_| {
            Problem::invalid("Name the columns as a JSON object, for example {\"Owner\": \"client_name\"}.")
        })?;
        let mut columns = BTreeMap::new();
        for (heading, word) in words {
            let field = word.map(|word| columns::field(&word)).transpose()?;
            columns.insert(heading, field);
        }
        Ok(Self { columns, dates })
    }
}

/// What a file does.
pub struct Done {
    /// For whoever sent it.
    pub report: ImportReport,
    /// Its rows, but for the refused ones and those that change nothing.
    pub planned: Vec<Planned>,
    /// The refused rows below their headings, which are there also when nothing is refused.
    pub refused_file: String,
}

/// Names a file together with what was said about it.
fn name(bytes: &[u8], said: &Said) -> String {
    let about = serde_json::to_vec(&(&said.columns, said.dates)).unwrap_or_default();
    let hash = Sha256::new().chain_update((about.len() as u64).to_be_bytes()).chain_update(about);
    hex::encode(hash.chain_update(bytes).finalize())
}

/// Reads a file and decides what it does to what is known. Takes a while and no other thing: not for a thread that serves.
pub fn look(practice: PracticeId, bytes: &[u8], said: &Said, known: Known) -> Answer<Done> {
    let sheet = read::read(bytes)?;
    let columns = columns::recognise(&sheet.headings, &said.columns)?;
    let mut planned = plan::plan(practice, &sheet, &columns, said.dates, known);
    let rows: Vec<_> = planned.iter().map(|planned| planned.row.clone()).collect();
    let (counts, refused_file) = (plan::count(&rows), refused::csv(&sheet, &rows));
    let headings = sheet.headings.iter().zip(columns);
    let report = ImportReport {
        preview: name(bytes, said),
        done: false,
        encoding: sheet.encoding.to_owned(),
        separator: sheet.separator.to_string(),
        columns: headings.map(|(heading, field)| ImportColumn { heading: heading.clone(), field }).collect(),
        refused_csv: if counts.refused > 0 { refused_file.clone() } else { String::new() },
        counts,
        rows,
    };
    planned.retain(|planned| planned.client.is_some() || planned.patient.is_some());
    Ok(Done { report, planned, refused_file })
}
