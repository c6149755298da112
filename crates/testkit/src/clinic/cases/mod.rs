//! The demo practice's day: a dozen clients, what they wrote and filmed, and what they were told.
//!
//! Names and addresses are made up; telephone numbers are of the range kept for fiction.

mod dogs;
mod ended;
mod others;

use super::script::{Case, Event, Film, Owner, Sent, What};
use crate::clips::{Doing, Scene, Who};

/// Every case, in the order of the appointment book.
pub fn cases() -> Vec<Case> {
    vec![
        dogs::biscuit(),
        others::luna(),
        others::comet(),
        others::clover(),
        dogs::otis(),
        others::pepper(),
        dogs::bruno(),
        dogs::rosie(),
        ended::mabel(),
        ended::juno(),
        ended::ziggy(),
        dogs::archie(),
    ]
}

fn owner(name: &'static str, email: &'static str, phone: &'static str, address: &'static str) -> Owner {
    Owner { name, email, phone, address }
}

fn at(ago: i64, what: What) -> Event {
    Event { ago, what }
}

fn film(name: &'static str, seconds: u16, who: Who, doing: Doing, coat: [u8; 3], collar: [u8; 3]) -> Film {
    let indoors = matches!(doing, Doing::Resting(_));
    Film { name, scene: Scene { who, doing, coat, collar, indoors }, seconds, portrait: false }
}

fn clip(film: Film) -> Vec<Sent> {
    vec![Sent::Clip(film)]
}
