//! Clients and patients out of a practice management system, as a CSV file: what it would do, and what it did.

use serde::{Deserialize, Serialize};

/// Largest file, bytes.
pub const IMPORT_LIMIT: usize = 16 * 1024 * 1024;
/// Most rows of one file, the headings not counted.
pub const IMPORT_ROWS: usize = 50_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportField {
    /// The client's number in the practice management system.
    ClientNumber,
    /// The client's whole name.
    ClientName,
    /// First name; goes before the last name.
    ClientFirstName,
    /// Last name.
    ClientLastName,
    /// E-mail address.
    ClientEmail,
    /// Telephone. Several columns become one, with commas.
    ClientPhone,
    /// Postal address. Several columns become its lines.
    ClientAddress,
    /// The patient's number in the practice management system.
    PatientNumber,
    /// The patient's name.
    PatientName,
    /// Species.
    Species,
    /// Breed.
    Breed,
    /// Sex, with or without whether neutered.
    Sex,
    /// Whether neutered, where that is a column of its own.
    Neutered,
    /// Date of birth.
    Born,
    /// Coat.
    Colour,
    /// Weight; in kilograms where no unit is written.
    Weight,
    /// Weight; in pounds where no unit is written.
    WeightPounds,
    /// What everybody must see first.
    Alert,
}

/// How days are written that could be read either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportDates {
    /// 31/12/2019.
    DayFirst,
    /// 12/31/2019.
    MonthFirst,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportColumn {
    /// What stands above it.
    pub heading: String,
    /// What it is taken for; it is left out without one.
    pub field: Option<ImportField>,
}

/// What becomes of a client or a patient.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportFate {
    /// The row says nothing of one.
    #[default]
    None,
    /// There was none like it.
    New,
    /// It is there already, as the row says.
    Same,
    /// It is there, and the row says other things.
    Changed,
}

/// A client or a patient of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportPart {
    /// What becomes of it.
    pub fate: ImportFate,
    /// The fields that change.
    pub fields: Vec<String>,
}

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportRow {
    /// Which, as a spreadsheet counts: the headings are row 1.
    pub row: u32,
    /// Its client.
    pub client: ImportPart,
    /// Its patient.
    pub patient: ImportPart,
    /// Why nothing of the row is taken, in words; then both parts are empty.
    pub refused: Option<String>,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each says it by its name")]
pub struct ImportCounts {
    pub rows: u32,
    pub refused: u32,
    pub new_clients: u32,
    pub changed_clients: u32,
    pub new_patients: u32,
    pub changed_patients: u32,
}

/// What a file does, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportReport {
    /// Names the file together with what was said about its columns and dates: an import takes this one and no other.
    pub preview: String,
    /// Whether it was done, or only looked at.
    pub done: bool,
    /// How its letters are written.
    pub encoding: String,
    /// What stands between its cells.
    pub separator: String,
    /// Its columns, in order.
    pub columns: Vec<ImportColumn>,
    /// How many.
    pub counts: ImportCounts,
    /// The rows, in order.
    pub rows: Vec<ImportRow>,
    /// The refused rows as a CSV file with a column that says why: to be mended and sent again. Empty when there are none.
    pub refused_csv: String,
}
