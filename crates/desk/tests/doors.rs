//! Signing in and out, keys and damaged files.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use common::{phone::end_session, *};
use limpet_desk::{Desk, vault::Vault as _};
use limpet_wire::{Code, calls::Answers as _, desk::*};

fn sign_in(server: &str, password: &str) -> DeskSignIn {
    DeskSignIn {
        server: server.into(),
        email: "ana@example.org".into(),
        password: password.into(),
        code: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_does_not_open_says_why() {
    let practice = Clinic::start();
    let desk = Profile::new();
    let desk = desk.open().await;
    let url = practice.server.url().to_owned();
    for (wanted, code, words) in [
        (sign_in(&url, "wrong"), Code::SignedOut, "password"),
        (sign_in("http://127.0.0.1:1", PASSWORD), Code::Offline, "cannot be reached"),
        (sign_in("http://example.org", PASSWORD), Code::Invalid, "https"),
        (sign_in("", PASSWORD), Code::Invalid, "not a server address"),
    ] {
        let failure = desk.sign_in(wanted).await.err().unwrap();
        assert_eq!(failure.code, code, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    assert_eq!(
        desk.list_clients(ClientQuery { search: String::new(), limit: 1 }).await.err().unwrap().code,
        Code::SignedOut
    );
    let page = async |typed: &str| desk.reset_page(typed.into()).await.map_err(|failure| failure.code);
    assert_eq!(page(" chat.example.org ").await.as_deref(), Ok("https://chat.example.org/reset"));
    assert_eq!(
        page("https://example.org/limpet?x#y").await.as_deref(),
        Ok("https://example.org/limpet/reset")
    );
    for typed in
        ["", "http://example.org", "file:///etc/passwd", "javascript:alert(1)", "https://a:b@example.org"]
    {
        assert_eq!(page(typed).await, Err(Code::Invalid), "{typed}");
    }
    let state = desk.sign_in(sign_in(&url, PASSWORD)).await.unwrap();
    assert_eq!(state.session.unwrap().staff.name, "Ana Gil");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_stays_signed_in_and_opens_once() {
    let practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let failure = Desk::open(profile.options()).await.err().unwrap();
    assert_eq!(failure.code, Code::Conflict);
    assert!(failure.message.contains("already open"), "{}", failure.message);
    desk.close().await;
    let desk = profile.open().await;
    online(&desk).await;
    let state = desk.state(()).await.unwrap();
    assert_eq!((state.session.unwrap().staff.id, state.notice), (practice.ana, None));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_nobody_signs_in_and_nothing_is_written() {
    let practice = Clinic::start();
    let profile = Profile::new();
    profile.vault.set_missing(true);
    let desk = profile.open().await;
    let notice = desk.state(()).await.unwrap().notice.unwrap();
    assert!(notice.message.contains("keyring"), "{}", notice.message);
    let failure = practice.sign_in(&desk, "ana@example.org").await.err().unwrap();
    assert_eq!(failure.message, notice.message);
    assert!(!profile.file("outbox/outbox.db").exists() && !profile.file("cache/cache.db").exists());
    // It was unlocked in the meantime.
    profile.vault.set_missing(false);
    let state = practice.sign_in(&desk, "ana@example.org").await.unwrap();
    assert!(state.session.is_some() && state.notice.is_none());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_said_the_outbox_is_kept_and_the_cache_comes_back() {
    let practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&desk).await;
    all_sent(&desk).await;
    desk.save_draft(words(id, "Half a thought")).await.unwrap();
    desk.close().await;
    profile.vault.remove("database-key").unwrap();
    let desk = profile.open().await;
    let notice = desk.state(()).await.unwrap().notice.unwrap();
    assert!(notice.message.contains("no longer in the keyring"), "{}", notice.message);
    let kept = profile.file("outbox/outbox.db.kept-1");
    assert!(kept.exists() && notice.message.contains(&*kept.to_string_lossy()), "{}", notice.message);
    arrived(&desk, id).await;
    assert!(desk.dismiss_notice(()).await.unwrap().notice.is_none());
    // Signing out removes what is this session's, and nothing that was set aside.
    all_sent(&desk).await;
    desk.sign_out(()).await.unwrap();
    assert!(kept.exists());
    desk.close().await;
}

fn scratch(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 300].fill(0x55);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_set_aside_and_said() {
    let practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&desk).await;
    all_sent(&desk).await;
    desk.close().await;
    scratch(&profile.file("outbox/outbox.db"));
    let desk = profile.open().await;
    let notice = desk.state(()).await.unwrap().notice.unwrap();
    assert!(notice.message.contains("outbox.db.kept-1"), "{}", notice.message);
    arrived(&desk, id).await;
    desk.close().await;

    scratch(&profile.file("cache/cache.db"));
    let mut desk = profile.open().await;
    online(&desk).await;
    if desk.state(()).await.unwrap().notice.is_none() {
        // Closed in order the last time, so nobody looked at every page until now.
        desk.close().await;
        desk = profile.open().await;
    }
    let notice = desk.state(()).await.unwrap().notice.unwrap();
    assert!(notice.message.contains("fetched again"), "{}", notice.message);
    arrived(&desk, id).await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_keeps_the_outbox_for_the_one_it_belongs_to() {
    let mut practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&desk).await;
    all_sent(&desk).await;
    practice.server.cut().unwrap();
    connected(&desk, Connection::Offline).await;
    desk.send_message(words(id, "Rest")).await.unwrap();
    desk.close().await;

    practice.server.start_again().unwrap();
    let session = profile.vault.get("session").unwrap().unwrap();
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    end_session(practice.server.url(), session["token"].as_str().unwrap());
    let desk = profile.open().await;
    connected(&desk, Connection::SignedOut).await;
    let state = until(&desk, "the end of the session is said", async || {
        let state = desk.state(()).await.unwrap();
        (state.session.is_none() && state.notice.is_some()).then_some(state)
    })
    .await;
    assert_eq!((state.unsent, state.server.as_str()), (1, format!("{}/", practice.server.url()).as_str()));
    assert!(profile.vault.get("session").unwrap().is_none());

    let failure = practice.sign_in(&desk, "bob@example.org").await.err().unwrap();
    assert_eq!(failure.code, Code::Conflict);
    assert!(failure.message.contains("Ana Gil"), "{}", failure.message);
    practice.sign_in(&desk, "ana@example.org").await.unwrap();
    all_sent(&desk).await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    message(&bob, id, "Rest").await;
    desk.close().await;
    bob.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_waits_for_what_is_unsent_and_then_removes_everything() {
    let practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&desk).await;
    all_sent(&desk).await;
    desk.save_draft(words(id, "Half a thought")).await.unwrap();
    let failure = desk.sign_out(()).await.err().unwrap();
    assert_eq!(failure.code, Code::Conflict);
    assert!(failure.message.contains("an unfinished draft"), "{}", failure.message);
    desk.save_draft(words(id, "")).await.unwrap();
    desk.save_settings(Settings { theme: "dark".into(), ..Settings::default() }).await.unwrap();
    let before = profile.vault.get("database-key").unwrap();
    let state = desk.sign_out(()).await.unwrap();
    assert!(state.session.is_none());
    assert!(profile.vault.get("session").unwrap().is_none());
    assert_ne!(profile.vault.get("database-key").unwrap(), before);
    assert_eq!(desk.settings(()).await.unwrap().theme, "dark");
    practice.sign_in(&desk, "bob@example.org").await.unwrap();
    arrived(&desk, id).await;
    desk.close().await;
}
