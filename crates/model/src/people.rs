//! The people: staff members, clients and their patients.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ClientId, PatientId, StaffId};

/// What a staff member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the practice's account.
    Admin,
    /// Answers for the advice given.
    Veterinarian,
    /// Assists the veterinarian.
    Technician,
    /// Receives clients.
    FrontDesk,
}

/// Somebody who works at the practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaffMember {
    /// Who.
    pub id: StaffId,
    /// Name as clients see it.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Sign-in name; empty in a client's view.
    pub email: String,
    /// Whether the account may sign in.
    pub active: bool,
}

/// A pet owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Client {
    /// Who.
    pub id: ClientId,
    /// Full name.
    pub name: String,
    /// Mail address, or empty.
    pub email: String,
    /// Telephone, or empty.
    pub phone: String,
    /// Postal address, lines separated by newline, or empty.
    pub address: String,
    /// The client's id in the practice management system, or empty.
    pub pms_id: String,
}

/// Sex and whether neutered, as records write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Not recorded.
    Unknown,
    /// Entire female.
    Female,
    /// Spayed female.
    FemaleNeutered,
    /// Entire male.
    Male,
    /// Castrated male.
    MaleNeutered,
}

/// An animal in the practice's care.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Patient {
    /// Which animal.
    pub id: PatientId,
    /// Whose animal.
    pub client: ClientId,
    /// Call name.
    pub name: String,
    /// Species, in the practice's words.
    pub species: String,
    /// Breed, or empty.
    pub breed: String,
    /// Sex.
    pub sex: Sex,
    /// Date of birth as `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, or empty.
    pub born: String,
    /// Coat or markings, or empty.
    pub colour: String,
    /// Last weight, kilograms.
    pub weight_kg: Option<f64>,
    /// What everybody must see first: allergies, temper. Empty when there is none.
    pub alert: String,
    /// The patient's id in the practice management system, or empty.
    pub pms_id: String,
}
