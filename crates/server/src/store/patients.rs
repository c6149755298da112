//! Patients: the animals.

use limpet_model::{Patient, PatientId, PracticeId, Revision, Sex};
use limpet_wire::changes::{Change, Entity};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, StoreError, Write,
    audit::{Act, fields_that_differ},
    changes::told,
    clients,
    row::Columns,
    terms::Terms,
    tombstones,
};
use crate::{
    by::By,
    view::{View, per_view},
};

macro_rules! columns {
    () => {
        "id, revision, client_id, name, species, breed, sex, born, colour, weight_mg, alert, pms_id"
    };
}

fn sex_word(sex: Sex) -> &'static str {
    match sex {
        Sex::Unknown => "unknown",
        Sex::Female => "female",
        Sex::FemaleNeutered => "female_neutered",
        Sex::Male => "male",
        Sex::MaleNeutered => "male_neutered",
    }
}

fn read_sex(word: &str) -> Option<Sex> {
    [Sex::Unknown, Sex::Female, Sex::FemaleNeutered, Sex::Male, Sex::MaleNeutered]
        .into_iter()
        .find(|sex| sex_word(*sex) == word)
}

#[expect(clippy::cast_possible_truncation, reason = "a weight was checked to be below 100 tonnes")]
fn milligrams(kg: f64) -> i64 {
    (kg * 1_000_000.0).round() as i64
}

fn kilograms(mg: i64) -> f64 {
    mg as f64 / 1_000_000.0
}

/// A patient as it comes back: its weight in whole milligrams.
fn as_kept(patient: &Patient) -> Patient {
    Patient { weight_kg: patient.weight_kg.map(|kg| kilograms(milligrams(kg))), ..patient.clone() }
}

fn from_row(row: &AnyRow) -> Result<Patient> {
    Ok(Patient {
        id: row.id("id")?,
        client: row.id("client_id")?,
        name: row.text("name")?,
        species: row.text("species")?,
        breed: row.text("breed")?,
        sex: row.word("sex", read_sex)?,
        born: row.text("born")?,
        colour: row.text("colour")?,
        weight_kg: row.maybe_int("weight_mg")?.map(kilograms),
        alert: row.text("alert")?,
        pms_id: row.text("pms_id")?,
    })
}

impl Store {
    /// Adds or changes a patient; the last one to write wins.
    ///
    /// # Errors
    /// `Missing` when the practice has no such client.
    pub async fn put_patient(&self, by: By, patient: &Patient) -> Result<()> {
        self.put_patient_on(by, patient, &Terms::default()).await.map(drop)
    }

    /// Adds or changes a patient on these terms. Answers its revision, or nothing when this was done before.
    ///
    /// # Errors
    /// `Missing` when the practice has no such client.
    pub async fn put_patient_on(&self, by: By, patient: &Patient, terms: &Terms) -> Result<Option<Revision>> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        if terms.was_done(&mut write, &("patient", patient)).await? {
            write.discard().await?;
            return Ok(None);
        }
        let found = ONE.find(write.connection(), practice, View::Staff, patient.id).await?;
        terms.hold(found.as_ref().map(|found| found.revision))?;
        let before = match found {
            Some(Change { revision, entity: Entity::Patient(before) }) => Some((revision, before)),
            _ => None,
        };
        if let Some((revision, before)) = &before
            && *before == as_kept(patient)
        {
            let revision = *revision;
            terms.leave(write).await?;
            return Ok(Some(revision));
        }
        if clients::find(write.connection(), practice, patient.client).await?.is_none() {
            write.discard().await?;
            return Err(StoreError::Missing("client"));
        }
        save(&mut write, before.as_ref().map(|(_, before)| before), patient).await?;
        write.commit().await.map(Some)
    }

    /// A patient of the practice.
    pub async fn patient(&self, practice: PracticeId, patient: PatientId) -> Result<Option<Patient>> {
        find(&mut *self.pool().acquire().await?, practice, patient).await
    }
}

/// Writes a patient down, whose client has to be there, where it is another than before. Whether it is.
pub(super) async fn save(write: &mut Write, before: Option<&Patient>, patient: &Patient) -> Result<bool> {
    if before == Some(&as_kept(patient)) {
        return Ok(false);
    }
    let act = if before.is_some() { Act::Changed } else { Act::Added };
    write.log(act, patient.id, fields_that_differ(before, patient));
    if let Some(before) = before.filter(|before| before.client != patient.client) {
        // The animal left its former owner's view.
        tombstones::bury(write, Some(before.client), "patient", &patient.id.to_string()).await?;
        tombstones::unbury(write, patient.client, "patient", &patient.id.to_string()).await?;
    }
    upsert(write, patient).await?;
    Ok(true)
}

/// Every patient of a practice.
pub(super) async fn all(connection: &mut AnyConnection, practice: PracticeId) -> Result<Vec<Patient>> {
    let sql = concat!("SELECT ", columns!(), " FROM patients WHERE practice_id = $1");
    let rows = sqlx::query(sql).bind(practice.to_string()).fetch_all(connection).await?;
    rows.iter().map(from_row).collect()
}

async fn upsert(write: &mut Write, patient: &Patient) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    sqlx::query(
        "INSERT INTO patients (practice_id, id, revision, client_id, name, species, breed, sex, born, colour, \
         weight_mg, alert, pms_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (practice_id, id) DO UPDATE SET revision = excluded.revision, \
         client_id = excluded.client_id, name = excluded.name, species = excluded.species, \
         breed = excluded.breed, sex = excluded.sex, born = excluded.born, colour = excluded.colour, \
         weight_mg = excluded.weight_mg, alert = excluded.alert, pms_id = excluded.pms_id",
    )
    .bind(practice.to_string())
    .bind(patient.id.to_string())
    .bind(revision.0)
    .bind(patient.client.to_string())
    .bind(patient.name.clone())
    .bind(patient.species.clone())
    .bind(patient.breed.clone())
    .bind(sex_word(patient.sex))
    .bind(patient.born.clone())
    .bind(patient.colour.clone())
    .bind(patient.weight_kg.map(milligrams))
    .bind(patient.alert.clone())
    .bind(patient.pms_id.clone())
    .execute(write.connection())
    .await?;
    write.seen_by(patient.client);
    Ok(())
}

pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    patient: PatientId,
) -> Result<Option<Patient>> {
    Ok(match ONE.find(connection, practice, View::Staff, patient).await? {
        Some(Change { entity: Entity::Patient(patient), .. }) => Some(patient),
        _ => None,
    })
}

told!(patients, " FROM patients WHERE practice_id = $1 AND ", Entity::Patient);
