//! Automatic replies, with a clock that is moved.

use limpet_model::{Audience, Author, Message};
use limpet_wire::http::NewMessage;
use reqwest::Method;
use serde_json::json;

use crate::clinic::{Case, Clinic, Device, HOUR, ok, words};

/// On weekdays from nine to five; the clinic's clock stands at noon of a Sunday.
fn weekdays() -> serde_json::Value {
    let day = json!([{ "from": 540, "to": 1020 }]);
    json!({ "week": [day, day, day, day, day, [], []], "days": [] })
}

async fn say_in(phone: &Device, case: &Case, language: &str, body: &str) {
    let path = format!("/v1/messages/{}", limpet_model::MessageId::new());
    let request = phone.ask(Method::PUT, &path).header("accept-language", language);
    ok(request.json(&words(case, body)).send().await.unwrap()).await;
}

async fn automatic(device: &Device, case: &Case) -> Vec<Message> {
    device.thread(case.conversation).await.into_iter().filter(|message| message.automatic).collect()
}

#[tokio::test]
async fn off_hours_the_client_reads_so_once_and_goes_on_waiting_for_a_human() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let away = json!({ "en": "We are closed.", "es": "Está cerrado." });
    let change = json!({ "chat_hours": weekdays(), "away_words": away, "time_zone": "Europe/Madrid" });
    ok(admin.patch("/v1/practice", &change).await).await;
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    say_in(&phone, &case, "es-MX,es;q=0.9,en;q=0.5", "Cojea").await;
    let said = automatic(&phone, &case).await;
    assert_eq!(said.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["Está cerrado."]);
    assert_eq!(said[0].author, Author::System);
    let thread = phone.thread(case.conversation).await;
    assert_eq!(thread.last().unwrap().id, said[0].id, "it follows what it answers");
    let waiting = vet.conversation(case.conversation).await.waiting_since;
    assert!(waiting.is_some(), "nobody has answered");

    // Not again within twelve hours, then once more.
    say_in(&phone, &case, "es", "¿Hola?").await;
    clinic.clock.advance(12 * HOUR - 1000);
    say_in(&phone, &case, "es", "¿Hola?").await;
    assert_eq!(automatic(&phone, &case).await.len(), 1);
    clinic.clock.advance(2000);
    say_in(&phone, &case, "de", "Hallo?").await;
    let said = automatic(&phone, &case).await;
    assert_eq!((said.len(), said[1].body.as_str()), (2, "We are closed."));
    assert_eq!(vet.conversation(case.conversation).await.waiting_since, waiting);

    // A human answer ends the waiting; during the hours nobody is told anything.
    vet.say(&case, "I am here.").await;
    assert_eq!(vet.conversation(case.conversation).await.waiting_since, None);
    clinic.clock.advance(13 * HOUR);
    say_in(&phone, &case, "es", "Gracias").await;
    assert_eq!(automatic(&phone, &case).await.len(), 2, "Monday, one o'clock");
}

#[tokio::test]
async fn while_switched_off_its_sentence_is_said_in_each_conversation() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let (one, two) = (vet.open_case().await, vet.open_case().await);
    let (first, second) = (vet.phone(&one).await, vet.phone(&two).await);
    say_in(&first, &one, "en", "Hello").await;
    assert!(automatic(&first, &one).await.is_empty(), "a practice that set nothing says nothing");
    ok(admin.patch("/v1/practice", &json!({ "offline": true })).await).await;
    say_in(&first, &one, "en", "Hello?").await;
    assert!(
        automatic(&first, &one).await[0].body.contains("555 0100"),
        "there is a sentence for whoever wrote none"
    );
    ok(admin.patch("/v1/practice", &json!({ "offline_words": { "en": "Flooded." } })).await).await;
    say_in(&second, &two, "en", "Hello").await;
    assert_eq!(automatic(&second, &two).await[0].body, "Flooded.");
    // What staff write gets none.
    vet.say(&one, "Yes?").await;
    assert_eq!(automatic(&vet, &one).await.len(), 1);
}

#[tokio::test]
async fn a_first_message_is_welcomed_and_a_repetition_is_the_same_message() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    ok(admin.patch("/v1/practice", &json!({ "first_words": { "en": "Welcome." } })).await).await;
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    let path = format!("/v1/messages/{}", limpet_model::MessageId::new());
    for _ in 0..2 {
        ok(phone.put(&path, &words(&case, "Hello")).await).await;
    }
    clinic.clock.advance(24 * HOUR);
    phone.say(&case, "More").await;
    assert_eq!(automatic(&vet, &case).await.len(), 1);
    assert_eq!(vet.thread(case.conversation).await.len(), 3);
}

#[tokio::test]
async fn a_reply_may_wait_for_the_chat_hours() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    let waiting = |body: &str| NewMessage { when_open: true, ..words(&case, body) };
    let path = || format!("/v1/messages/{}", limpet_model::MessageId::new());
    ok(vet.put(&path(), &waiting("Nobody set any hours")).await).await;
    assert_eq!(phone.thread(case.conversation).await.len(), 1, "it is always open");

    let change = json!({ "chat_hours": weekdays(), "time_zone": "Europe/Madrid" });
    ok(admin.patch("/v1/practice", &change).await).await;
    let (night, new) = (path(), waiting("Good morning"));
    for _ in 0..2 {
        ok(vet.put(&night, &new).await).await;
    }
    let Some(due) = vet.thread(case.conversation).await.last().unwrap().due_at else { panic!("it waits") };
    // Noon of a Sunday to nine o'clock of the Monday.
    assert_eq!(due.since(clinic.clock.now()), 21 * HOUR);
    assert_eq!(phone.thread(case.conversation).await.len(), 1, "it is not sent yet");
    clinic.clock.advance(21 * HOUR);
    ok(vet.put(&path(), &waiting("They last")).await).await;
    assert_eq!(phone.thread(case.conversation).await.last().unwrap().body, "They last");

    let both = NewMessage { due_at: Some(due), ..waiting("Both") };
    assert_eq!(vet.put(&path(), &both).await.status(), 400);
    let note = NewMessage { audience: Audience::Staff, ..waiting("A note") };
    assert_eq!(vet.put(&path(), &note).await.status(), 400);
    assert_eq!(phone.put(&path(), &waiting("A client")).await.status(), 400);
}
