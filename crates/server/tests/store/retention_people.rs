//! People of whom no conversation is left, and about whom nothing was done since the cut, are removed too.

use limpet_model::{
    Client, ClientId, ConsentId, Held, HoldId, Millis, Patient, PatientId, Revision, Wording,
};
use limpet_server::{
    by::{Actor, By},
    store::{
        Store,
        sessions::{Holder, Session},
    },
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{NewConsent, NewHold, PracticeChange},
};
use serde_json::{Value, json};

use crate::{
    open,
    retention::{DAY, YEAR, converse, end, job, set, vet},
    suite::{Case, NOW, at, open_case, operator},
};

type Person = (Client, Patient);

async fn person(store: &Store, case: &Case, name: &str) -> Person {
    let client = Client { id: ClientId::new(), name: name.into(), ..case.client.clone() };
    store.put_client(operator(case.practice), &client).await.unwrap();
    let patient = Patient { id: PatientId::new(), client: client.id, ..case.patient.clone() };
    store.put_patient(operator(case.practice), &patient).await.unwrap();
    (client, patient)
}

/// What a view hears to be gone, and the names of the clients in it.
async fn told(store: &Store, case: &Case, view: View, since: Revision) -> (Vec<String>, Vec<String>) {
    let page = store.changes(case.practice, view, since, 1000).await.unwrap();
    let (mut gone, mut names) = (Vec::new(), Vec::new());
    for change in page.changes {
        match change.entity {
            Entity::Tombstone(it) => gone.push(format!("{} {}", it.of, it.id)),
            Entity::Client(client) => names.push(client.name),
            _ => {}
        }
    }
    gone.sort();
    names.sort();
    (gone, names)
}

pub async fn people_go_when_nothing_is_left_of_them(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let words = Wording::from([("en".to_owned(), "May we?".to_owned())]);
    set(&store, &case, NOW, PracticeChange { consent: Some(words), ..PracticeChange::default() }).await;
    let of = async |name: &str| person(&store, &case, name).await;
    let (gone, touched, held, animal_held) =
        (of("Gone").await, of("Touched").await, of("Held").await, of("Animal").await);
    let (agreed, signed_in, never) = (of("Agreed").await, of("Signed in").await, of("Never wrote").await);
    let (alone, busy) = (of("Alone").await, of("Busy").await);
    let mut due = Vec::new();
    for (_, patient) in [&gone, &touched, &held, &animal_held, &agreed, &signed_in, &alone, &busy] {
        let id = converse(&store, &case, patient, NOW).await;
        end(&store, &case, id, NOW).await;
        due.push(id);
    }
    // Another one of this patient goes on.
    converse(&store, &case, &busy.1, NOW).await;
    let lately = By::new(case.practice, Actor::Operator, at(5 * YEAR));
    let renamed = Client { phone: "556".into(), ..touched.0.clone() };
    store.put_client(lately, &renamed).await.unwrap();
    let consent = async |by, (client, _): &Person| {
        let new = NewConsent { client: client.id, version: 1, given: true };
        store.put_consent(by, ConsentId::new(), &new).await.unwrap();
    };
    consent(operator(case.practice), &gone).await;
    consent(lately, &agreed).await;
    let now = at(7 * YEAR + 2 * DAY);
    let job = job(&store, &case, now).await;
    assert_eq!(store.remove_somebody(job, now).await.unwrap(), Some(false), "they have conversations");
    let done = store.remove_conversations(job, &due, now).await.unwrap().unwrap();
    assert_eq!(done.conversations, due.len());
    // As if it had been long ago: putting it on is something that was done about them, and keeps them too.
    let lawsuit = HoldId::new();
    for (id, of) in [
        (lawsuit, Held::Client(held.0.id)),
        (HoldId::new(), Held::Patient(animal_held.1.id)),
        (HoldId::new(), Held::Client(alone.0.id)),
    ] {
        let hold = NewHold { of, reason: "A lawsuit".into() };
        store.put_hold(vet(&case, NOW), id, &hold).await.unwrap();
    }
    // Nothing but a hold is left of this one: the animal is another's.
    let given_away = Patient { client: case.client.id, ..alone.1.clone() };
    store.put_patient(operator(case.practice), &given_away).await.unwrap();
    // Opened another link since.
    let session = Session {
        token_hash: "phone".into(),
        practice: case.practice,
        holder: Holder::Client(signed_in.0.id, case.conversation),
    };
    store.open_session(&session, "Phone", now).await.unwrap();

    let before = store.revision(case.practice).await.unwrap();
    let logged = store.audit(case.practice, 0, 1000).await.unwrap().entries.len();
    let mut rounds = 0;
    while store.remove_somebody(job, now).await.unwrap() == Some(true) {
        rounds += 1;
        assert!(rounds < 20, "it never ends");
    }
    let words_of = |kind: &str, id: String| format!("{kind} {id}");
    let patients = [&gone.1, &touched.1, &agreed.1, &signed_in.1, &given_away];
    let mut expected: Vec<String> =
        patients.iter().map(|it| words_of("patient", it.id.to_string())).collect();
    expected.push(words_of("client", gone.0.id.to_string()));
    expected.sort();
    assert_eq!(told(&store, &case, View::Staff, before).await.0, expected);
    let (_, left) = told(&store, &case, View::Staff, Revision(0)).await;
    let kept = ["Agreed", "Alone", "Animal", "Busy", "Held", "Marta", "Never wrote", "Signed in", "Touched"];
    assert_eq!(left, kept, "Marta is the case's own");
    for (_, patient) in [&held, &animal_held, &never, &busy] {
        assert!(store.patient(case.practice, patient.id).await.unwrap().is_some());
    }
    let everything = store.changes(case.practice, View::Staff, Revision(0), 1000).await.unwrap();
    let consents = everything.changes.iter().filter(|it| matches!(it.entity, Entity::Consent(_))).count();
    assert_eq!(consents, 1, "what was agreed to goes with who agreed");

    // Each device of a client hears of what was theirs, and of nothing else.
    let theirs = async |(client, _): &Person| told(&store, &case, View::Client(client.id), before).await.0;
    let of_gone = [words_of("client", gone.0.id.to_string()), words_of("patient", gone.1.id.to_string())];
    assert_eq!(theirs(&gone).await, of_gone);
    assert_eq!(theirs(&touched).await, [words_of("patient", touched.1.id.to_string())]);
    assert_eq!(theirs(&held).await, [""; 0]);

    // The log says who is gone, with no word of them.
    let log = store.audit(case.practice, 0, 1000).await.unwrap().entries.split_off(logged);
    let mut lines: Vec<String> = log.iter().map(|it| words_of(&it.subject, it.subject_id.clone())).collect();
    lines.sort();
    assert_eq!(lines, expected);
    for it in &log {
        assert_eq!((it.actor.as_str(), it.act.as_str(), it.at), ("server", "removed", now));
        let owner = patients.iter().find(|patient| patient.id.to_string() == it.subject_id);
        let detail: Value = serde_json::from_str(&it.detail).unwrap_or_default();
        assert_eq!(
            detail,
            owner.map_or(Value::Null, |patient| json!({ "client": patient.client })),
            "{it:?}"
        );
    }
    store.verify_audit(case.practice).await.unwrap().unwrap();

    // What was lifted keeps for a week more, and not for longer.
    store.lift_hold(vet(&case, now), lawsuit).await.unwrap();
    assert_eq!(store.remove_somebody(job, Millis(now.0 + 6 * DAY)).await.unwrap(), Some(false));
    let later = Millis(now.0 + 8 * DAY);
    assert_eq!(store.remove_somebody(job, later).await.unwrap(), Some(true));
    assert!(store.patient(case.practice, held.1.id).await.unwrap().is_none());
}
