//! The turn to write to an upload, which several nodes ask for, and the parts that are written in it.

use limpet_model::{AttachmentState, Millis};
use limpet_server::{
    by::By,
    file_of::FileOf,
    store::{
        Store, StoreError,
        parts::PartOf,
        turns::{Hold, TURN},
        uploads::Upload,
    },
    view::View,
};

use crate::{
    open,
    suite::{NOW, announce, at, open_case},
};

async fn begun(store: &Store) -> (FileOf, Upload) {
    let case = open_case(store).await;
    let id = announce(store, &case).await;
    let attachment = store.attachment(case.practice, View::Staff, id).await.unwrap().unwrap();
    let upload = store.begin_upload(By::server(case.practice, NOW), &attachment).await.unwrap();
    (upload.file_of(), upload)
}

async fn take(store: &Store, of: FileOf, node: &str, now: Millis) -> Option<Hold> {
    let hold = Hold::new(of);
    store.take_turn(&hold, node, now).await.unwrap().then_some(hold)
}

fn part(hold: &Hold, begins: i64, ends: i64) -> PartOf {
    PartOf { of: hold.of, begins, ends, name: format!("{begins}-{}", hold.token) }
}

pub async fn a_turn_is_one_nodes_at_a_time(url: &str) {
    let (one, two) = (open(url).await, open(url).await);
    let (of, _) = begun(&one).await;
    let (first, second) = tokio::join!(take(&one, of, "one", NOW), take(&two, of, "two", NOW));
    assert!(first.is_some() != second.is_some());
    let (held, node) = first.map(|hold| (hold, "one")).or(second.map(|hold| (hold, "two"))).unwrap();
    assert_eq!(take(&two, of, "two", NOW).await, None);
    assert_eq!(one.renew_turns("three", NOW).await.unwrap(), []);
    assert_eq!(one.renew_turns(node, NOW).await.unwrap(), [(held.clone(), false)]);
    // Somebody waits, and whoever has it hears of that.
    assert_eq!(two.ask_for_turn(of, NOW).await.unwrap(), Some(held.clone()));
    assert_eq!(one.renew_turns(node, NOW).await.unwrap(), [(held.clone(), true)]);
    assert!(two.turn_goes_on(&held, NOW).await.unwrap());
    one.end_turn(&held).await.unwrap();
    assert!(!two.turn_goes_on(&held, NOW).await.unwrap());
    assert_eq!(two.ask_for_turn(of, NOW).await.unwrap(), None);
    // The next one has not been asked, and the one before cannot end it.
    let next = take(&two, of, "two", at(1)).await.unwrap();
    one.end_turn(&held).await.unwrap();
    assert_eq!(two.renew_turns("two", at(1)).await.unwrap(), [(next.clone(), false)]);
    // A dead node's turn runs out; a renewed one does not.
    assert_eq!(take(&one, of, "one", at(TURN)).await, None);
    assert!(!two.turn_goes_on(&next, at(1 + TURN)).await.unwrap());
    assert_eq!(two.ask_for_turn(of, at(1 + TURN)).await.unwrap(), None);
    let taken = take(&one, of, "one", at(1 + TURN)).await.unwrap();
    // A node that starts again has none.
    two.forget_turns("two").await.unwrap();
    assert!(one.turn_goes_on(&taken, at(1 + TURN)).await.unwrap());
    two.forget_turns("one").await.unwrap();
    assert!(!one.turn_goes_on(&taken, at(1 + TURN)).await.unwrap());
}

pub async fn who_lost_the_turn_changes_nothing(url: &str) {
    let store = open(url).await;
    let (of, upload) = begun(&store).await;
    let old = take(&store, of, "one", NOW).await.unwrap();
    store.add_part(&old, &part(&old, 0, 4)).await.unwrap();
    assert_eq!(store.arrived(of).await.unwrap(), 4);
    let new = take(&store, of, "two", at(TURN)).await.unwrap();
    store.add_part(&new, &part(&new, 4, 6)).await.unwrap();
    store.mark_unproven(&upload, Some(6), Some(&new)).await.unwrap();
    let lost = |done: Result<(), StoreError>| assert!(matches!(done, Err(StoreError::TurnLost)), "{done:?}");
    lost(store.add_part(&old, &part(&old, 6, 8)).await);
    lost(store.cut_parts(&old, 0).await.map(drop));
    lost(store.mark_unproven(&upload, None, Some(&old)).await);
    lost(store.finish_upload(&upload, Some(&old), at(TURN)).await);
    lost(store.abandon_upload(By::server(of.practice, at(TURN)), of.attachment, Some(&old), "late").await);
    let kept = store.upload(of.practice, of.attachment).await.unwrap().unwrap();
    assert_eq!((store.arrived(of).await.unwrap(), kept.unproven_from), (6, Some(6)));
    // No two parts in one place, no gap that a repetition could make.
    assert!(store.add_part(&new, &part(&new, 4, 9)).await.is_err());
    assert_eq!(store.cut_parts(&new, 4).await.unwrap(), [part(&new, 4, 6).name]);
    store.add_part(&new, &part(&new, 4, 10)).await.unwrap();
    assert_eq!(store.parts(of).await.unwrap(), [part(&old, 0, 4), part(&new, 4, 10)]);
    assert!(store.knows_part(of, &part(&new, 4, 10).name).await.unwrap());
    assert!(!store.knows_part(of, &part(&old, 6, 8).name).await.unwrap());
    assert_eq!(store.forget_parts(of).await.unwrap(), Vec::<String>::new(), "it is under way");

    store.finish_upload(&upload, Some(&new), at(TURN)).await.unwrap();
    let finished = store.attachment(of.practice, View::Staff, of.attachment).await.unwrap().unwrap();
    assert_eq!(finished.state, AttachmentState::Processing);
    // Nothing more arrives of it, and its job still finds everything.
    let late = store.add_part(&new, &part(&new, 10, 12)).await;
    assert!(matches!(late, Err(StoreError::Missing("upload"))), "{late:?}");
    assert_eq!(store.files_with_parts().await.unwrap(), [of]);
    assert_eq!(store.all_parts().await.unwrap().len(), 2);
    assert_eq!(store.forget_parts(of).await.unwrap().len(), 2);
    assert_eq!(store.arrived(of).await.unwrap(), 0);
}

pub async fn files_are_kept_by_whoever_said_so_first(url: &str) {
    let (one, two) = (open(url).await, open(url).await);
    let (first, second) = tokio::join!(one.claim_files("one"), two.claim_files("two"));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first == second && ["one", "two"].contains(&first.as_str()), "{first} {second}");
    assert_eq!(two.claim_files("").await.unwrap(), first);
    two.files_are_with("").await.unwrap();
    assert_eq!(one.claim_files("one").await.unwrap(), "");
}
