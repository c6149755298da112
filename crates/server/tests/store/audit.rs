//! The audit log: what was done stands in it, and a log that was meddled with is found out.

use limpet_model::{Author, Client, ClientId, Millis};
use limpet_server::{
    by::{Actor, By},
    store::{Store, audit::Broken},
    view::View,
};
use limpet_wire::http::{AuditEntry, ConversationChange};
use sha2::{Digest, Sha256};
use sqlx::AnyPool;

use crate::{
    open,
    suite::{Case, NOW, at, author_of, message, open_case, operator, say},
};

async fn log(store: &Store, case: &Case) -> Vec<AuditEntry> {
    let (mut entries, mut after) = (Vec::new(), 0);
    loop {
        // Small pages, so that there are several.
        let page = store.audit(case.practice, after, 2).await.unwrap();
        entries.extend(page.entries);
        after = entries.last().map_or(0, |entry: &AuditEntry| entry.number);
        if !page.more {
            return entries;
        }
    }
}

pub async fn what_was_done_stands_in_the_log(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let before = store.revision(case.practice).await.unwrap();
    let vet = By::new(case.practice, Actor::Staff(case.vet), at(1));
    let renamed = Client { name: "Marta Vidal".into(), phone: "612 07".into(), ..case.client.clone() };
    store.put_client(vet, &renamed).await.unwrap();
    // What changes nothing leaves nothing.
    store.put_client(vet, &renamed).await.unwrap();
    say(&store, &case, Author::Client(case.client.id), &message(&case, "It limps since Monday")).await;
    store.read_up_to(vet, View::Staff, case.conversation, at(60_000)).await.unwrap();
    let end = ConversationChange {
        state: Some(limpet_model::ConversationState::Ended),
        seen: Some(Millis(i64::MAX)),
        summary: Some("A sprain".into()),
        ..ConversationChange::default()
    };
    store.change_conversation(vet, case.conversation, &end).await.unwrap();
    assert_eq!(store.revision(case.practice).await.unwrap().0, before.0 + 4);

    let entries = log(&store, &case).await;
    let lines: Vec<_> =
        entries.iter().map(|e| format!("{} {} {} {}", e.number, e.actor, e.act, e.subject)).collect();
    assert_eq!(
        lines,
        [
            "1 operator added staff",
            "2 operator added client",
            "3 operator added patient",
            "4 staff added conversation",
            "5 staff changed client",
            "6 client wrote message",
            "7 staff read conversation",
            "8 staff ended conversation",
        ]
    );
    assert_eq!(entries[4].detail, r#"{"fields":["name","phone"]}"#);
    assert_eq!((entries[4].at, entries[4].actor_id.clone()), (at(1), case.vet.to_string()));
    let words = serde_json::to_string(&entries).unwrap();
    for secret in ["Marta", "limps", "sprain", "612 07"] {
        assert!(!words.contains(secret), "{secret} is nobody's business here: {words}");
    }
    let end = store.verify_audit(case.practice).await.unwrap().unwrap();
    assert_eq!((end.number, &end.hash), (8, &entries[7].hash));
    // A change that is not made is not told of.
    let write = store.write(vet).await.unwrap();
    write.discard().await.unwrap();
    assert_eq!(log(&store, &case).await.len(), 8);
}

pub async fn a_log_that_was_meddled_with_is_found_out(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    for number in 0..3 {
        let client = Client { id: ClientId::new(), name: format!("Client {number}"), ..case.client.clone() };
        store.put_client(operator(case.practice), &client).await.unwrap();
    }
    let pool = AnyPool::connect(url).await.unwrap();
    let verify = async || store.verify_audit(case.practice).await.unwrap().map(|end| end.number);
    let meddle = async |sql: &'static str| {
        let done = sqlx::query(sql).bind(case.practice.to_string()).execute(&pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{sql}");
    };
    assert_eq!(verify().await, Ok(7));

    meddle("UPDATE audit SET actor = 'server' WHERE practice_id = $1 AND number = 3").await;
    assert_eq!(verify().await, Err(Broken::Changed(3)));
    meddle("UPDATE audit SET actor = 'operator' WHERE practice_id = $1 AND number = 3").await;
    assert_eq!(verify().await, Ok(7));

    // Changed by somebody who makes its hash anew: the next one's does not fit any more.
    let rows = store.audit(case.practice, 0, 10).await.unwrap().entries;
    let (second, third) = (&rows[1], AuditEntry { actor: "server".into(), ..rows[2].clone() });
    let line = serde_json::to_string(&(
        third.number,
        third.at,
        &third.actor,
        &third.actor_id,
        &third.act,
        &third.subject,
        &third.subject_id,
        &third.detail,
    ))
    .unwrap();
    let anew = hex::encode(Sha256::digest(format!("{}\n{line}", second.hash)));
    let set = async |actor: &str, hash: &str| {
        sqlx::query("UPDATE audit SET actor = $2, hash = $3 WHERE practice_id = $1 AND number = 3")
            .bind(case.practice.to_string())
            .bind(actor.to_owned())
            .bind(hash.to_owned())
            .execute(&pool)
            .await
            .unwrap();
    };
    set("server", &anew).await;
    assert_eq!(verify().await, Err(Broken::Changed(4)));
    set("operator", &rows[2].hash).await;
    assert_eq!(verify().await, Ok(7));

    // As if there had been a gap.
    meddle("UPDATE audit SET number = 70 WHERE practice_id = $1 AND number = 7").await;
    assert_eq!(verify().await, Err(Broken::Missing(7)));
    meddle("UPDATE audit SET number = 7 WHERE practice_id = $1 AND number = 70").await;

    meddle("UPDATE practices SET audit_number = 6 WHERE id = $1").await;
    assert_eq!(verify().await, Err(Broken::Changed(6)), "the practice's row holds the last hash");
    meddle("UPDATE practices SET audit_number = 7 WHERE id = $1").await;
    assert_eq!(verify().await, Ok(7));

    // The last one taken out, and nothing else touched.
    meddle("DELETE FROM audit WHERE practice_id = $1 AND number = 7").await;
    assert_eq!(verify().await, Err(Broken::Missing(7)));
    pool.close().await;
}

pub async fn many_at_once_make_one_chain(url: &str) {
    let (one, two) = (open(url).await, open(url).await);
    let case = open_case(&one).await;
    let write = async |store: &Store, from: usize| {
        for number in 0..10 {
            let client = Client {
                id: ClientId::new(),
                name: format!("Client {from} {number}"),
                ..case.client.clone()
            };
            store.put_client(author_of(case.practice, Author::Staff(case.vet), NOW), &client).await.unwrap();
        }
    };
    tokio::join!(write(&one, 1), write(&two, 2), write(&one, 3));
    assert_eq!(two.verify_audit(case.practice).await.unwrap().map(|end| end.number), Ok(34));
}
