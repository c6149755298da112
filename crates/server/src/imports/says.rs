//! What a row says of a client and of a patient, and how that goes over what is known.
//!
//! **Invariant:** an empty cell says nothing.

use limpet_model::{Client, ClientId, Patient, PatientId, Sex};
use limpet_wire::http::{ImportDates, ImportField};

use super::{cells, read::Row, sex::sex};

/// What a row says of a client; empty is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCells {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) address: String,
}

fn say(to: &mut String, cell: &str) {
    if !cell.is_empty() {
        cell.clone_into(to);
    }
}

impl ClientCells {
    /// The client as it is with this.
    pub fn onto(&self, id: ClientId, found: Option<&Client>) -> Client {
        let nobody = || Client {
            id,
            name: String::new(),
            email: String::new(),
            phone: String::new(),
            address: String::new(),
            pms_id: String::new(),
        };
        let mut client = found.cloned().unwrap_or_else(nobody);
        say(&mut client.pms_id, &self.number);
        say(&mut client.name, &self.name);
        say(&mut client.email, &self.email);
        say(&mut client.phone, &self.phone);
        say(&mut client.address, &self.address);
        client
    }

    /// Its cells, with what they are called.
    pub(super) fn fields(&mut self) -> [(&'static str, &mut String); 5] {
        let Self { number, name, email, phone, address } = self;
        [
            ("number", number),
            ("name", name),
            ("e-mail address", email),
            ("telephone", phone),
            ("address", address),
        ]
    }
}

/// What a row says of a patient.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PatientCells {
    pub(super) number: String,
    pub(super) name: String,
    species: String,
    breed: String,
    sex: Option<Sex>,
    born: String,
    colour: String,
    weight_kg: Option<f64>,
    alert: String,
}

impl PatientCells {
    /// The patient as it is with this.
    pub fn onto(&self, id: PatientId, client: ClientId, found: Option<&Patient>) -> Patient {
        let nobody = || Patient {
            id,
            client,
            name: String::new(),
            species: String::new(),
            breed: String::new(),
            sex: Sex::Unknown,
            born: String::new(),
            colour: String::new(),
            weight_kg: None,
            alert: String::new(),
            pms_id: String::new(),
        };
        let mut patient = found.cloned().unwrap_or_else(nobody);
        patient.client = client;
        say(&mut patient.pms_id, &self.number);
        say(&mut patient.name, &self.name);
        say(&mut patient.species, &self.species);
        say(&mut patient.breed, &self.breed);
        say(&mut patient.born, &self.born);
        say(&mut patient.colour, &self.colour);
        say(&mut patient.alert, &self.alert);
        patient.sex = self.sex.unwrap_or(patient.sex);
        patient.weight_kg = self.weight_kg.or(patient.weight_kg);
        patient
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ClientCells {
    /// Takes what is not said yet.
    pub(super) fn fill(&mut self, mut other: Self) {
        for ((_, to), (_, from)) in self.fields().into_iter().zip(other.fields()) {
            if to.is_empty() {
                *to = std::mem::take(from);
            }
        }
    }
}

impl PatientCells {
    /// Takes what is not said yet.
    pub(super) fn fill(&mut self, other: Self) {
        let fill = |to: &mut String, from: String| {
            if to.is_empty() {
                *to = from;
            }
        };
        fill(&mut self.number, other.number);
        fill(&mut self.name, other.name);
        fill(&mut self.species, other.species);
        fill(&mut self.breed, other.breed);
        fill(&mut self.born, other.born);
        fill(&mut self.colour, other.colour);
        fill(&mut self.alert, other.alert);
        self.sex = self.sex.or(other.sex);
        self.weight_kg = self.weight_kg.or(other.weight_kg);
    }
}

/// The cells of a row, by what they are.
pub(super) fn says(
    row: &Row,
    columns: &[Option<ImportField>],
    dates: Option<ImportDates>,
) -> Result<(ClientCells, PatientCells), String> {
    let all = |wanted: ImportField, between: &str| -> String {
        let cells = columns
            .iter()
            .zip(&row.cells)
            .filter(|(field, cell)| **field == Some(wanted) && !cell.is_empty());
        cells.map(|(_, cell)| cell.as_str()).collect::<Vec<_>>().join(between)
    };
    let first = |wanted: ImportField| -> &str {
        let mut cells = columns
            .iter()
            .zip(&row.cells)
            .filter(|(field, cell)| **field == Some(wanted) && !cell.is_empty());
        cells.next().map_or("", |(_, cell)| cell.as_str())
    };
    let names = [all(ImportField::ClientFirstName, " "), all(ImportField::ClientLastName, " ")]
        .into_iter()
        .filter(|name| !name.is_empty());
    let name = match first(ImportField::ClientName) {
        "" => names.collect::<Vec<_>>().join(" "),
        name => name.to_owned(),
    };
    let weight = match first(ImportField::Weight) {
        "" => cells::weight(first(ImportField::WeightPounds), true)?,
        weight => cells::weight(weight, false)?,
    };
    let client = ClientCells {
        number: first(ImportField::ClientNumber).to_owned(),
        name,
        email: first(ImportField::ClientEmail).to_owned(),
        phone: all(ImportField::ClientPhone, ", "),
        address: all(ImportField::ClientAddress, "\n").replace("\r\n", "\n"),
    };
    let patient = PatientCells {
        number: first(ImportField::PatientNumber).to_owned(),
        name: first(ImportField::PatientName).to_owned(),
        species: first(ImportField::Species).to_owned(),
        breed: first(ImportField::Breed).to_owned(),
        sex: sex(first(ImportField::Sex), first(ImportField::Neutered))?,
        born: cells::born(first(ImportField::Born), dates)?,
        colour: first(ImportField::Colour).to_owned(),
        weight_kg: weight,
        alert: all(ImportField::Alert, ", "),
    };
    Ok((client, patient))
}
