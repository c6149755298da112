//! What is on hold, young, or waited for is never removed, whatever happens in whatever order.

use limpet_model::{Author, Client, ClientId, ConversationId, Held, HoldId, Millis, Patient, PatientId};
use limpet_server::{
    retention::GRACE,
    store::{Store, jobs::Lane},
};
use limpet_wire::http::{NewHold, PracticeChange};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    open,
    retention::{DAY, converse, end, set, there, vet, write},
    suite::{NOW, open_case, operator},
};

/// What a history does, about one of four conversations of two clients.
#[derive(Debug, Clone, Copy)]
enum Op {
    Wait { days: i64 },
    Write { nr: usize },
    End { nr: usize },
    Hold { nr: usize, on: u8 },
    Lift { nr: usize },
    Years { years: u32 },
    HoldAll { on: bool },
    Remove,
}

fn op() -> impl Strategy<Value = Op> {
    let nr = 0..4_usize;
    prop_oneof![
        6 => prop_oneof![0..10_i64, 300..1000_i64].prop_map(|days| Op::Wait { days }),
        2 => nr.clone().prop_map(|nr| Op::Write { nr }),
        6 => nr.clone().prop_map(|nr| Op::End { nr }),
        2 => (nr.clone(), 0..3_u8).prop_map(|(nr, on)| Op::Hold { nr, on }),
        3 => nr.prop_map(|nr| Op::Lift { nr }),
        2 => prop_oneof![1 => Just(0_u32), 6 => 1..4_u32].prop_map(|years| Op::Years { years }),
        1 => prop::bool::weighted(0.2).prop_map(|on| Op::HoldAll { on }),
        5 => Just(Op::Remove),
    ]
}

/// A conversation as the test knows it.
struct Known {
    id: ConversationId,
    patient: Patient,
    last: Millis,
    ended: bool,
    gone: bool,
}

/// Whatever happens in whatever order: what is on hold, young, or waited for is never removed, and what is due always.
pub async fn nothing_on_hold_is_ever_removed(url: &str) {
    let store = open(url).await;
    let mut runner = TestRunner::deterministic();
    let mut removals = 0;
    for _ in 0..24 {
        let history = prop::collection::vec(op(), 40..90).new_tree(&mut runner).unwrap().current();
        removals += live_through(&store, &history).await;
    }
    assert!(removals > 30, "{removals}");
}

async fn live_through(store: &Store, history: &[Op]) -> usize {
    let case = open_case(store).await;
    let other = Client { id: ClientId::new(), name: "Jonas".into(), ..case.client.clone() };
    store.put_client(operator(case.practice), &other).await.unwrap();
    let cat = Patient { id: PatientId::new(), client: other.id, ..case.patient.clone() };
    store.put_patient(operator(case.practice), &cat).await.unwrap();
    let (mut known, mut now) = (Vec::new(), NOW);
    for patient in [&case.patient, &case.patient, &cat, &cat] {
        let id = converse(store, &case, patient, NOW).await;
        known.push(Known { id, patient: patient.clone(), last: NOW, ended: false, gone: false });
    }
    store.plan_retention(Millis(NOW.0 - GRACE)).await.unwrap();
    let job = loop {
        let job = store.claim_job(Lane::Removal, "test", NOW).await.unwrap().unwrap();
        if job.practice == case.practice {
            break job;
        }
    };
    // By whom it is held, and when that was lifted.
    let mut holds: Vec<(HoldId, String, Option<Millis>)> = Vec::new();
    // The shortest that was wanted since, each with when: it counts after a while.
    let (mut years, mut all, mut kept_until): (u32, bool, Vec<(Millis, Option<u32>)>) =
        (7, false, Vec::new());
    let mut removals = 0;
    for op in history {
        now = Millis(now.0 + 1000);
        match *op {
            Op::Wait { days } => now = Millis(now.0 + days * DAY),
            Op::Write { nr } if !known[nr].gone => {
                write(store, &case, known[nr].id, Author::Client(known[nr].patient.client), now).await;
                (known[nr].last, known[nr].ended) = (now, false);
            }
            Op::End { nr } if !known[nr].gone && !known[nr].ended => {
                end(store, &case, known[nr].id, now).await;
                (known[nr].last, known[nr].ended) = (now, true);
            }
            Op::Hold { nr, on } if !known[nr].gone => {
                let of = match on {
                    0 => Held::Conversation(known[nr].id),
                    1 => Held::Patient(known[nr].patient.id),
                    _ => Held::Client(known[nr].patient.client),
                };
                let subject = serde_json::to_value(of).unwrap()["id"].as_str().unwrap().to_owned();
                let id = HoldId::new();
                let new = NewHold { of, reason: "A complaint".into() };
                store.put_hold(vet(&case, now), id, &new).await.unwrap();
                holds.push((id, subject, None));
            }
            Op::Lift { nr } => {
                if let Some((id, _, lifted)) = holds.iter_mut().filter(|it| it.2.is_none()).nth(nr / 2) {
                    store.lift_hold(vet(&case, now), *id).await.unwrap();
                    *lifted = Some(now);
                }
            }
            Op::Years { years: set_to } => {
                // Until now it was so, and will be for a while.
                kept_until.push((Millis(now.0 + GRACE), if all { None } else { Some(years) }));
                years = set_to;
                let change = PracticeChange { retention_years: Some(years), ..PracticeChange::default() };
                set(store, &case, now, change).await;
            }
            Op::HoldAll { on } => {
                kept_until.push((Millis(now.0 + GRACE), if all { None } else { Some(years) }));
                all = on;
                let change = PracticeChange { legal_hold: Some(all), ..PracticeChange::default() };
                set(store, &case, now, change).await;
            }
            Op::Remove => {
                let ids: Vec<_> = known.iter().map(|it| it.id).collect();
                let done = store.remove_conversations(job, &ids, now).await.unwrap().unwrap();
                removals += done.conversations;
                for it in known.iter_mut().filter(|it| !it.gone) {
                    let subjects =
                        [it.id.to_string(), it.patient.id.to_string(), it.patient.client.to_string()];
                    let held = holds.iter().any(|(_, subject, lifted)| {
                        subjects.contains(subject) && lifted.is_none_or(|at| at.0 > now.0 - GRACE)
                    });
                    // Everything that was wanted lately has to allow it.
                    let lately = kept_until.iter().filter(|(until, _)| *until > now).map(|(_, was)| *was);
                    let wanted = lately.chain([if all { None } else { Some(years) }]);
                    let old = |years: u32| now.0 - it.last.0 > i64::from(years) * 365 * DAY;
                    let may =
                        it.ended && !held && wanted.clone().all(|it| it.is_some_and(|n| n > 0 && old(n)));
                    let alive = there(store, &case, it.id).await;
                    assert!(alive || may, "{op:?} in {history:?}");
                    // Two days beside, for leap years and the day's end; and where nothing was changed lately.
                    let must = it.ended
                        && !held
                        && wanted.clone().all(|it| it.is_some_and(|n| n > 0))
                        && wanted
                            .clone()
                            .all(|n| now.0 - it.last.0 > i64::from(n.unwrap_or(0)) * 366 * DAY + 2 * DAY)
                        && kept_until.iter().all(|(until, _)| *until <= now);
                    assert!(!(alive && must), "{op:?} in {history:?}");
                    it.gone = !alive;
                }
            }
            Op::Write { .. } | Op::End { .. } | Op::Hold { .. } => {}
        }
    }
    store.verify_audit(case.practice).await.unwrap().unwrap();
    removals
}
