//! The words a case is written in: who, which animal, and what happened when.

use limpet_model::{Role, Sex};

use crate::clips::{Coding, Container, Recipe, Scene, Sound, Timing, Turn};

/// An hour, minutes.
pub const HOUR: i64 = 60;
/// A day, minutes.
pub const DAY: i64 = 24 * HOUR;

/// A staff member of the demo practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Staff {
    /// Veterinarian; the desktop of the demo is hers.
    Maya,
    /// Veterinarian.
    Jonas,
    /// Technician.
    Priya,
    /// Front desk.
    Tom,
}

impl Staff {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Maya, Self::Jonas, Self::Priya, Self::Tom];

    /// Name, sign-in name and role.
    pub fn card(self) -> (&'static str, &'static str, Role) {
        match self {
            Self::Maya => ("Dr. Maya Okafor", "maya@larkfield.example", Role::Veterinarian),
            Self::Jonas => ("Dr. Jonas Lindqvist", "jonas@larkfield.example", Role::Veterinarian),
            Self::Priya => ("Priya Raman", "priya@larkfield.example", Role::Technician),
            Self::Tom => ("Tom Becker", "tom@larkfield.example", Role::FrontDesk),
        }
    }
}

/// A client as the record has them.
pub struct Owner {
    /// Full name.
    pub name: &'static str,
    /// Mail address.
    pub email: &'static str,
    /// Telephone.
    pub phone: &'static str,
    /// Postal address.
    pub address: &'static str,
}

/// A patient as the record has it.
pub struct Animal {
    /// Call name.
    pub name: &'static str,
    /// Species and breed.
    pub kind: (&'static str, &'static str),
    /// Sex.
    pub sex: Sex,
    /// Date of birth.
    pub born: &'static str,
    /// Coat or markings.
    pub colour: &'static str,
    /// Last weight, kilograms.
    pub weight_kg: f64,
    /// What everybody must see first.
    pub alert: &'static str,
}

/// One conversation, from the first word.
pub struct Case {
    /// The client.
    pub owner: Owner,
    /// The patient.
    pub animal: Animal,
    /// The reason.
    pub subject: &'static str,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Something that happened, so many minutes before the demo begins.
pub struct Event {
    /// Minutes ago.
    pub ago: i64,
    /// What.
    pub what: What,
}

/// What happened.
pub enum What {
    /// The practice opened the conversation.
    Opened(Staff),
    /// The client wrote.
    Client(&'static str, Vec<Sent>),
    /// The practice answered.
    Answer(Staff, &'static str, Vec<Sent>),
    /// A note among staff.
    Note(Staff, &'static str),
    /// Somebody took it, or gave it to somebody.
    Assigned(Staff, Staff),
    /// Somebody marked it urgent.
    Urgent(Staff),
    /// A staff member read it without answering.
    Seen(Staff),
    /// The client read it.
    Read,
    /// It ended: by whom, summary, plan.
    Ended(Staff, &'static str, &'static str),
}

/// What went with a message.
pub enum Sent {
    /// A clip.
    Clip(Film),
    /// A photo: one moment of a film, without a number on it.
    Photo(Film, &'static str),
    /// A frame of the conversation's first clip.
    Still(u16, &'static str),
}

/// A clip to be generated.
pub struct Film {
    /// File name, as the phone gave it.
    pub name: &'static str,
    /// What is to be seen.
    pub scene: Scene,
    /// Length, seconds.
    pub seconds: u16,
    /// Held upright.
    pub portrait: bool,
}

impl Film {
    /// What it is made of: 720p at 30 frames a second, with breathing to be heard, as phones film it.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            name: format!("clinic-{}", self.name.to_lowercase().replace('.', "-")),
            scene: self.scene,
            size: if self.portrait { (720, 1280) } else { (1280, 720) },
            frames: self.seconds * 30,
            timing: if self.portrait { Timing::Phone } else { Timing::Constant(30) },
            turn: if self.portrait { Turn::Quarter } else { Turn::Upright },
            skip: 0,
            coding: Coding::H264 { b_frames: 2, keys: 60 },
            sound: Sound::Breathing(26.0),
            container: Container::Mp4,
        }
    }
}
