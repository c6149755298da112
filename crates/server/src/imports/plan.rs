//! What a file does to what is known: a pure function of both.
//!
//! **Invariant:** a row is taken whole or not at all. An empty cell changes nothing. Two rows of a file never take turns at
//! a field: the second that says otherwise is refused, so that a file a second time finds everything as it says.

use std::collections::HashMap;

use limpet_model::{Client, ClientId, Patient, PatientId, PracticeId};
use limpet_wire::http::{ImportCounts, ImportDates, ImportFate, ImportField, ImportPart, ImportRow};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    cells,
    read::{Row, Sheet},
    says::{ClientCells, PatientCells, says},
};
use crate::words::{check_client, check_client_email, check_patient};

/// The people a practice has.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Clients.
    pub clients: Vec<Client>,
    /// Patients.
    pub patients: Vec<Patient>,
}

/// A row, and what is to be done for it.
pub struct Planned {
    /// For whoever sent it.
    pub row: ImportRow,
    /// The client to add or change.
    pub client: Option<(ClientId, ClientCells)>,
    /// The patient to add or change.
    pub patient: Option<(PatientId, ClientId, PatientCells)>,
}

/// Decides what each row does.
pub(super) fn plan(
    practice: PracticeId,
    sheet: &Sheet,
    columns: &[Option<ImportField>],
    said: Option<ImportDates>,
    known: Known,
) -> Vec<Planned> {
    let born = columns.iter().position(|field| *field == Some(ImportField::Born));
    let days = sheet.rows.iter().filter_map(|row| row.cells.get(born?)).map(String::as_str);
    let dates = said.or_else(|| cells::order_of(days));
    let mut people = People::new(practice, known);
    sheet.rows.iter().map(|row| people.take(row, columns, dates)).collect()
}

/// How many of each.
pub(super) fn count(rows: &[ImportRow]) -> ImportCounts {
    let mut counts = ImportCounts::default();
    for row in rows {
        counts.rows += 1;
        counts.refused += u32::from(row.refused.is_some());
        counts.new_clients += u32::from(row.client.fate == ImportFate::New);
        counts.changed_clients += u32::from(row.client.fate == ImportFate::Changed);
        counts.new_patients += u32::from(row.patient.fate == ImportFate::New);
        counts.changed_patients += u32::from(row.patient.fate == ImportFate::Changed);
    }
    counts
}

/// An id that is the same whenever it is asked for: a UUIDv8 (RFC 9562) of what is known outside.
fn id_of<T: std::str::FromStr>(practice: PracticeId, kind: &str, parts: &[&str]) -> Option<T> {
    let mut hash = Sha256::new().chain_update("limpet import").chain_update(practice.as_bytes());
    for part in [kind].iter().chain(parts) {
        hash = hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part);
    }
    let bytes: [u8; 16] = hash.finalize().first_chunk().copied()?;
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string().parse().ok()
}

fn folded(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

/// Everybody, as they are after the rows so far.
struct People {
    practice: PracticeId,
    clients: HashMap<ClientId, Client>,
    patients: HashMap<PatientId, Patient>,
    clients_by_number: HashMap<String, Vec<ClientId>>,
    clients_by_name: HashMap<String, Vec<ClientId>>,
    patients_by_number: HashMap<String, Vec<PatientId>>,
    patients_by_name: HashMap<(ClientId, String), Vec<PatientId>>,
    /// What the file has said of them, and in which row first.
    said_of_client: HashMap<ClientId, (u32, ClientCells)>,
    said_of_patient: HashMap<PatientId, (u32, ClientId, PatientCells)>,
}

type Refused = String;

impl People {
    fn new(practice: PracticeId, known: Known) -> Self {
        let mut people = Self {
            practice,
            clients: HashMap::new(),
            patients: HashMap::new(),
            clients_by_number: HashMap::new(),
            clients_by_name: HashMap::new(),
            patients_by_number: HashMap::new(),
            patients_by_name: HashMap::new(),
            said_of_client: HashMap::new(),
            said_of_patient: HashMap::new(),
        };
        known.clients.into_iter().for_each(|client| people.keep_client(client));
        known.patients.into_iter().for_each(|patient| people.keep_patient(patient));
        people
    }

    fn keep_client(&mut self, client: Client) {
        note(&mut self.clients_by_name, folded(&client.name), client.id);
        if !client.pms_id.is_empty() {
            note(&mut self.clients_by_number, client.pms_id.clone(), client.id);
        }
        self.clients.insert(client.id, client);
    }

    fn keep_patient(&mut self, patient: Patient) {
        note(&mut self.patients_by_name, (patient.client, folded(&patient.name)), patient.id);
        if !patient.pms_id.is_empty() {
            note(&mut self.patients_by_number, patient.pms_id.clone(), patient.id);
        }
        self.patients.insert(patient.id, patient);
    }

    fn take(&mut self, row: &Row, columns: &[Option<ImportField>], dates: Option<ImportDates>) -> Planned {
        let mut told = ImportRow {
            row: row.number,
            client: ImportPart::default(),
            patient: ImportPart::default(),
            refused: row.trouble.clone(),
        };
        let nothing = |row| Planned { row, client: None, patient: None };
        if told.refused.is_some() {
            return nothing(told);
        }
        match self.decide(row, columns, dates) {
            Err(refused) => {
                told.refused = Some(refused);
                nothing(told)
            }
            Ok(Decided { client, patient }) => {
                let (mut do_client, mut do_patient) = (None, None);
                if let Some((part, cells, client)) = client {
                    if changes(&part) {
                        do_client = Some((client.id, cells.clone()));
                    }
                    told.client = part;
                    self.said_of_client.entry(client.id).or_insert((row.number, cells.clone())).1.fill(cells);
                    self.keep_client(client);
                }
                if let Some((part, cells, patient)) = patient {
                    if changes(&part) {
                        do_patient = Some((patient.id, patient.client, cells.clone()));
                    }
                    told.patient = part;
                    let first = (row.number, patient.client, cells.clone());
                    self.said_of_patient.entry(patient.id).or_insert(first).2.fill(cells);
                    self.keep_patient(patient);
                }
                Planned { row: told, client: do_client, patient: do_patient }
            }
        }
    }

    fn decide(
        &self,
        row: &Row,
        columns: &[Option<ImportField>],
        dates: Option<ImportDates>,
    ) -> Result<Decided, Refused> {
        let (client, patient) = says(row, columns, dates)?;
        let owner = self.client_of(&client)?;
        let client = match owner {
            Some(id) => Some(self.decide_client(id, client)?),
            None => None,
        };
        if patient.is_empty() {
            return match client {
                Some(client) => Ok(Decided { client: Some(client), patient: None }),
                None => Err("The row says nothing of a client or a patient.".into()),
            };
        }
        let patient = self.decide_patient(owner, patient)?;
        Ok(Decided { client, patient: Some(patient) })
    }

    /// Whom the row speaks of; nobody when it does not say.
    fn client_of(&self, cells: &ClientCells) -> Result<Option<ClientId>, Refused> {
        let ClientCells { number, name, email, phone, .. } = cells;
        if *cells == ClientCells::default() {
            return Ok(None);
        }
        if name.is_empty() && number.is_empty() {
            return Err("The client has neither a name nor a number.".into());
        }
        // Made by hand, without a number or with the same name and a way to reach them.
        let reached = |client: &Client| {
            (!email.is_empty() && client.email.eq_ignore_ascii_case(email))
                || (!phone.is_empty() && !digits(phone).is_empty() && digits(&client.phone) == digits(phone))
        };
        let alike = self.clients_by_name.get(&folded(name)).into_iter().flatten();
        let alike = alike.filter_map(|id| self.clients.get(id)).filter(|client| reached(client));
        let alike: Vec<ClientId> = alike
            .filter(|client| number.is_empty() || client.pms_id.is_empty())
            .map(|client| client.id)
            .collect();
        if !number.is_empty() {
            return match (self.clients_by_number.get(number).map_or(&[][..], Vec::as_slice), alike.as_slice())
            {
                ([one], _) | ([], [one]) => Ok(Some(*one)),
                ([], _) if name.is_empty() => {
                    Err(format!("There is no client with the number {number}, and the row has no name."))
                }
                ([], _) => Ok(id_of(self.practice, "client number", &[number])),
                _ => Err(format!("More than one client has the number {number}. Mend that first.")),
            };
        }
        match alike.as_slice() {
            [one] => Ok(Some(*one)),
            [] if email.is_empty() && digits(phone).is_empty() => {
                Err("The client has no number, e-mail address or telephone to be known by.".into())
            }
            [] => {
                let by = if email.is_empty() { digits(phone) } else { email.to_lowercase() };
                Ok(id_of(self.practice, "client", &[&folded(name), &by]))
            }
            _ => {
                Err("More than one client has this name and can be reached so. Give the client's number."
                    .into())
            }
        }
    }

    fn decide_client(
        &self,
        id: ClientId,
        mut cells: ClientCells,
    ) -> Result<(ImportPart, ClientCells, Client), Refused> {
        if let Some((first, said)) = self.said_of_client.get(&id) {
            let mut said = said.clone();
            for ((what, cell), (_, before)) in cells.fields().into_iter().zip(said.fields()) {
                if !cell.is_empty() && !before.is_empty() && cell != before {
                    return Err(format!("Row {first} says another {what} of the same client."));
                }
            }
        }
        let found = self.clients.get(&id);
        let client = cells.onto(id, found);
        check_client(&client)
            .and_then(|()| check_client_email(&client, found))
            .map_err(|problem| problem.failure().message.clone())?;
        Ok((part(found, &client), cells, client))
    }

    fn decide_patient(
        &self,
        owner: Option<ClientId>,
        cells: PatientCells,
    ) -> Result<(ImportPart, PatientCells, Patient), Refused> {
        let (id, client) = self.patient_of(owner, &cells)?;
        if let Some((first, of, said)) = self.said_of_patient.get(&id) {
            if *of != client {
                return Err(format!("Row {first} says another client of the same patient."));
            }
            let mut both = said.clone();
            both.fill(cells.clone());
            let mut other = cells.clone();
            other.fill(said.clone());
            if both != other {
                return Err(format!("Row {first} says other things of the same patient."));
            }
        }
        let found = self.patients.get(&id);
        let patient = cells.onto(id, client, found);
        check_patient(&patient).map_err(|problem| problem.failure().message.clone())?;
        Ok((part(found, &patient), cells, patient))
    }

    fn patient_of(
        &self,
        owner: Option<ClientId>,
        cells: &PatientCells,
    ) -> Result<(PatientId, ClientId), Refused> {
        const NO_OWNER: &str = "The row says nothing of the patient's client.";
        let PatientCells { number, name, .. } = cells;
        if name.is_empty() && number.is_empty() {
            return Err("The patient has neither a name nor a number.".into());
        }
        let by_number = self.patients_by_number.get(number).map_or(&[][..], Vec::as_slice);
        if let [_, _, ..] = by_number {
            return Err(format!("More than one patient has the number {number}. Mend that first."));
        }
        if let [one] = by_number {
            let known = self.patients.get(one).map(|patient| patient.client);
            return owner.or(known).map(|owner| (*one, owner)).ok_or_else(|| NO_OWNER.into());
        }
        let owner = owner.ok_or(NO_OWNER)?;
        if name.is_empty() {
            return Err(format!("There is no patient with the number {number}, and the row has no name."));
        }
        let alike = self.patients_by_name.get(&(owner, folded(name))).into_iter().flatten();
        let alike = alike.filter_map(|id| self.patients.get(id)).filter(|patient| patient.client == owner);
        let alike: Vec<PatientId> = alike
            .filter(|patient| number.is_empty() || patient.pms_id.is_empty())
            .map(|patient| patient.id)
            .collect();
        let made = match alike.as_slice() {
            [one] => Some(*one),
            [] if !number.is_empty() => id_of(self.practice, "patient number", &[number]),
            [] => id_of(self.practice, "patient", &[&owner.to_string(), &folded(name)]),
            _ => {
                return Err(
                    "The client has more than one patient of this name. Give the patient's number.".into()
                );
            }
        };
        made.map(|id| (id, owner)).ok_or_else(|| NO_OWNER.into())
    }
}

struct Decided {
    client: Option<(ImportPart, ClientCells, Client)>,
    patient: Option<(ImportPart, PatientCells, Patient)>,
}

fn changes(part: &ImportPart) -> bool {
    matches!(part.fate, ImportFate::New | ImportFate::Changed)
}

fn note<K: std::hash::Hash + Eq, T: PartialEq>(index: &mut HashMap<K, Vec<T>>, key: K, id: T) {
    let ids = index.entry(key).or_default();
    if !ids.contains(&id) {
        ids.push(id);
    }
}

fn part<T: Serialize + PartialEq>(before: Option<&T>, after: &T) -> ImportPart {
    match before {
        None => ImportPart { fate: ImportFate::New, fields: Vec::new() },
        Some(before) if before == after => ImportPart { fate: ImportFate::Same, fields: Vec::new() },
        Some(before) => {
            let (before, after) = (serde_json::to_value(before), serde_json::to_value(after));
            let (Ok(Value::Object(before)), Ok(Value::Object(after))) = (before, after) else {
                return ImportPart { fate: ImportFate::Changed, fields: Vec::new() };
            };
            let fields = after.into_iter().filter(|(name, value)| before.get(name) != Some(value));
            ImportPart { fate: ImportFate::Changed, fields: fields.map(|(name, _)| name).collect() }
        }
    }
}
