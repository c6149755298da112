//! `PUT /v1/conversations/{id}/presence`, and who hears of it on `GET /v1/live`.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt};
use limpet_model::{Audience, PracticeId, StaffId};
use limpet_wire::{
    Code,
    http::{HERE_FOR, Presence, Present, PresentAs, PresentPerson, TYPING_FOR},
};
use serde_json::{Value, json};

use crate::clinic::{Case, Clinic, Device, fails, ok, sign_in};

/// Longer than anything takes to be told.
const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough for anything to be told that should not be.
const SILENCE: Duration = Duration::from_millis(900);

/// A device that listens.
pub struct Ear {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>>>>,
    unread: String,
    /// All it was told.
    pub heard: String,
}

impl Ear {
    pub async fn of(device: &Device) -> Self {
        let body = Box::pin(device.get("/v1/live").await.bytes_stream());
        let mut ear = Self { body, unread: String::new(), heard: String::new() };
        // The revision comes first: from here on it listens.
        while ear.event().await.unwrap().0 != "message" {}
        ear
    }

    /// The next event's name and data; none when the line ended.
    async fn event(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let found = (field("event: ").unwrap_or("message".into()), field("data: "));
                self.unread = String::from(rest);
                if let (name, Some(data)) = found {
                    return Some((name, data));
                }
                continue;
            }
            let chunk = self.body.next().await?.ok()?;
            let text = std::str::from_utf8(&chunk).unwrap();
            self.unread.push_str(text);
            self.heard.push_str(text);
        }
    }

    /// Waits until it is told of this.
    pub async fn hears(&mut self, case: &Case, people: &[(PresentAs, Option<Audience>)]) {
        let expected: Vec<_> =
            people.iter().map(|(who, typing)| PresentPerson { who: *who, typing: *typing }).collect();
        let mut last = None;
        let told = async {
            while let Some((name, data)) = self.event().await {
                if name == "presence" {
                    let present: Present = serde_json::from_str(&data).unwrap();
                    assert_eq!(present.conversation, case.conversation);
                    if present.people == expected {
                        return;
                    }
                    last = Some(present);
                }
            }
        };
        let told = tokio::time::timeout(PATIENCE, told).await;
        assert!(told.is_ok(), "never told of {expected:?}, last of {last:?}");
    }

    /// Waits, and is told of nobody.
    pub async fn hears_nothing(&mut self) {
        let told = async {
            loop {
                match self.event().await {
                    Some((name, data)) if name == "presence" => return data,
                    Some(_) => {}
                    None => return "the end".into(),
                }
            }
        };
        let told = tokio::time::timeout(SILENCE, told).await;
        assert!(told.is_err(), "told of {told:?}");
    }

    async fn ends(&mut self) {
        let ended = async { while self.event().await.is_some() {} };
        tokio::time::timeout(PATIENCE, ended).await.expect("it ends");
    }
}

pub async fn be(device: &Device, case: &Case, here: bool, typing: Option<Audience>) {
    let path = format!("/v1/conversations/{}/presence", case.conversation);
    ok(device.put(&path, &Presence { here, typing }).await).await;
}

pub async fn colleague(clinic: &Clinic) -> (StaffId, Device) {
    let ben = StaffId::new();
    clinic.add_staff(clinic.practice, ben, "ben@example.org").await;
    (ben, sign_in(&clinic.base(), "ben@example.org").await)
}

const WRITES: Option<Audience> = Some(Audience::Everyone);
const NOTES: Option<Audience> = Some(Audience::Staff);

#[tokio::test]
async fn staff_see_who_is_there_and_a_client_sees_the_practice_and_nobody_elses() {
    let clinic = Clinic::open().await;
    let ana = clinic.staff().await;
    let (case, foreign) = (ana.open_case().await, ana.open_case().await);
    let (phone, other_phone) = (ana.phone(&case).await, ana.phone(&foreign).await);
    let (_, ben) = colleague(&clinic).await;
    let other = PracticeId::new();
    clinic.add_practice(other).await;
    clinic.add_staff(other, StaffId::new(), "zoe@example.org").await;
    let zoe = sign_in(&clinic.base(), "zoe@example.org").await;
    let (mut at_bens, mut at_phone) = (Ear::of(&ben).await, Ear::of(&phone).await);
    let (mut elsewhere, mut at_zoes) = (Ear::of(&other_phone).await, Ear::of(&zoe).await);
    let before = ana.changes(0, 1000).await.revision;
    let logged = clinic.running.app().store.verify_audit(clinic.practice).await.unwrap().unwrap().number;

    be(&ana, &case, true, WRITES).await;
    let vet = PresentAs::Staff(clinic.vet);
    at_bens.hears(&case, &[(vet, WRITES)]).await;
    at_phone.hears(&case, &[(PresentAs::Practice, WRITES)]).await;
    be(&phone, &case, true, WRITES).await;
    at_bens.hears(&case, &[(PresentAs::Client, WRITES), (vet, WRITES)]).await;
    // Of the note it hears that no answer is being written any more, and then nothing.
    be(&ana, &case, true, NOTES).await;
    at_bens.hears(&case, &[(PresentAs::Client, WRITES), (vet, NOTES)]).await;
    at_phone.hears(&case, &[(PresentAs::Practice, None)]).await;
    be(&ana, &case, true, None).await;
    be(&ana, &case, true, NOTES).await;
    be(&ben, &case, true, NOTES).await;
    at_phone.hears_nothing().await;
    // Whoever comes later is told what is so now.
    Ear::of(&phone).await.hears(&case, &[(PresentAs::Practice, None)]).await;
    be(&ana, &case, false, None).await;
    be(&ben, &case, false, None).await;
    at_phone.hears(&case, &[]).await;
    at_bens.hears(&case, &[(PresentAs::Client, WRITES)]).await;

    elsewhere.hears_nothing().await;
    at_zoes.hears_nothing().await;
    for hidden in [clinic.vet.to_string(), "\"staff\"".into(), "client".into()] {
        assert!(!at_phone.heard.contains(&hidden), "{hidden} in {}", at_phone.heard);
    }
    assert_eq!(ana.changes(0, 1000).await.revision, before, "nothing was written");
    assert_eq!(
        clinic.running.app().store.verify_audit(clinic.practice).await.unwrap().unwrap().number,
        logged
    );
}

#[tokio::test]
async fn what_is_not_said_again_runs_out() {
    let clinic = Clinic::open().await;
    let ana = clinic.staff().await;
    let case = ana.open_case().await;
    let mut ear = Ear::of(&ana).await;
    let vet = PresentAs::Staff(clinic.vet);
    be(&ana, &case, true, WRITES).await;
    ear.hears(&case, &[(vet, WRITES)]).await;
    clinic.clock.advance(TYPING_FOR - 1);
    be(&ana, &case, true, WRITES).await;
    clinic.clock.advance(TYPING_FOR - 1);
    ear.hears_nothing().await;
    clinic.clock.advance(1);
    ear.hears(&case, &[(vet, None)]).await;
    clinic.clock.advance(HERE_FOR - TYPING_FOR);
    ear.hears(&case, &[]).await;
}

#[tokio::test]
async fn whose_session_was_closed_is_nowhere_and_hears_nothing() {
    let clinic = Clinic::open().await;
    let (ana, admin) = (clinic.staff().await, clinic.admin().await);
    let case = ana.open_case().await;
    let (mut at_anas, mut at_admins) = (Ear::of(&ana).await, Ear::of(&admin).await);
    be(&ana, &case, true, WRITES).await;
    at_admins.hears(&case, &[(PresentAs::Staff(clinic.vet), WRITES)]).await;
    ok(admin.delete(&format!("/v1/staff/{}/sessions", clinic.vet)).await).await;
    at_admins.hears(&case, &[]).await;
    at_anas.ends().await;
}

#[tokio::test]
async fn a_client_writes_no_note_and_somebody_who_flaps_fills_no_line() {
    let clinic = Clinic::open().await;
    let ana = clinic.staff().await;
    let case = ana.open_case().await;
    let phone = ana.phone(&case).await;
    let path = format!("/v1/conversations/{}/presence", case.conversation);
    fails(phone.put(&path, &Presence { here: true, typing: NOTES }).await, 400, Code::Invalid).await;
    fails(phone.put(&path, &json!({ "typing": "everyone" })).await, 400, Code::Invalid).await;

    let mut ear = Ear::of(&ana).await;
    be(&phone, &case, true, WRITES).await;
    ear.hears(&case, &[(PresentAs::Client, WRITES)]).await;
    let began = std::time::Instant::now();
    for n in 0..60 {
        be(&phone, &case, true, WRITES.filter(|_| n % 2 == 0)).await;
    }
    be(&phone, &case, false, None).await;
    ear.hears(&case, &[]).await;
    let most = usize::try_from(began.elapsed().as_millis() / 200).unwrap() + 2;
    let events: Vec<Value> = ear
        .heard
        .lines()
        .filter_map(|line| line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok()))
        .filter(Value::is_object)
        .collect();
    assert!(events.len() <= most, "{} events, at most {most}", events.len());
}
