//! The overlay: no local edit is dropped, and replaying the outbox changes nothing.

use limpet_model::Client;
use limpet_wire::{Code, Failure, http::Assign};
use proptest::prelude::*;

use super::*;

fn entry(nr: i64, work: Work) -> Entry {
    Entry {
        nr,
        work,
        state: EntryState::Queued,
        attempts: 0,
        not_before: Millis(0),
        sent: 0,
        created_at: Millis(nr),
    }
}

fn at_server(waiting_since: Option<i64>) -> Conversation {
    let new = NewConversation {
        client: ClientId::new(),
        patient: PatientId::new(),
        subject: "Limps".into(),
        opened_at: Millis(1),
    };
    Conversation { waiting_since: waiting_since.map(Millis), ..opened(ConversationId::new(), &new) }
}

fn known(conversation: &Conversation) -> Known {
    let mut known = Known::default();
    known.conversations.insert(conversation.id, conversation.clone());
    known
}

fn change(conversation: &Conversation, change: ConversationChange) -> Work {
    Work::Change { conversation: conversation.id, change }
}

fn reply(conversation: &Conversation, audience: Audience, at: i64) -> (MessageId, Work) {
    let id = MessageId::new();
    let new = NewMessage {
        conversation: conversation.id,
        audience,
        body: "Rest".into(),
        sent_at: Millis(at),
        attachments: vec![],
        mentions: Vec::new(),
        due_at: None,
        when_open: false,
    };
    (id, Work::Message { id, new })
}

#[test]
fn a_reply_ends_the_waiting_a_note_does_not() {
    let (me, waiting) = (StaffId::new(), at_server(Some(10)));
    for (audience, at, expected) in [
        (Audience::Everyone, 20, None),
        (Audience::Staff, 20, Some(Millis(10))),
        // The client wrote again after this reply was written.
        (Audience::Everyone, 5, Some(Millis(10))),
    ] {
        let over = overlay(&[entry(1, reply(&waiting, audience, at).1)], me, &known(&waiting));
        let shown = over.conversations.first().map_or(waiting.waiting_since, |it| it.waiting_since);
        assert_eq!(shown, expected);
        assert_eq!(over.messages.len(), 1);
    }
}

#[test]
fn a_message_that_the_feed_brought_is_no_longer_ours_to_show() {
    let (me, waiting) = (StaffId::new(), at_server(Some(10)));
    let (id, work) = reply(&waiting, Audience::Everyone, 20);
    let mut known = known(&waiting);
    known.messages.insert(id);
    let over = overlay(&[entry(1, work)], me, &known);
    assert!(over.messages.is_empty() && over.conversations.is_empty());
}

#[test]
fn a_refused_change_is_not_shown_but_refused_words_are() {
    let (me, here) = (StaffId::new(), at_server(None));
    let refused = EntryState::Refused(Failure::new(Code::Conflict, "No."));
    let end = ConversationChange { state: Some(ConversationState::Ended), ..Default::default() };
    let entries = [
        Entry { state: refused.clone(), ..entry(1, change(&here, end)) },
        Entry { state: refused, ..entry(2, reply(&here, Audience::Everyone, 5).1) },
    ];
    let over = overlay(&entries, me, &known(&here));
    assert!(over.conversations.iter().all(|it| it.state == ConversationState::Open));
    assert_eq!(over.messages.len(), 1);
}

#[test]
fn ending_and_reopening_offline_shows_what_was_done_last() {
    let (me, here) = (StaffId::new(), at_server(Some(3)));
    let end = ConversationChange {
        state: Some(ConversationState::Ended),
        at: Some(Millis(9)),
        summary: Some("Sprain".into()),
        plan: Some("Rest".into()),
        ..Default::default()
    };
    let reopen = ConversationChange { state: Some(ConversationState::Open), ..Default::default() };
    let over = overlay(&[entry(1, change(&here, end.clone()))], me, &known(&here));
    let ending = Ending { at: Millis(9), by: me, summary: "Sprain".into(), plan: "Rest".into() };
    assert_eq!(
        (over.conversations[0].ending.clone(), over.conversations[0].waiting_since),
        (Some(ending), None)
    );
    let over = overlay(&[entry(1, change(&here, end)), entry(2, change(&here, reopen))], me, &known(&here));
    assert_eq!(
        (over.conversations[0].state, &over.conversations[0].ending),
        (ConversationState::Open, &None)
    );
}

#[derive(Debug, Clone)]
enum Edit {
    Urgent(bool),
    Assign(bool),
    Name(String),
}

proptest! {
    /// Whatever the server's row says, the last local edit of each field is what is shown; fields nobody touched are
    /// the server's; computing it again gives the same.
    #[test]
    fn the_last_local_edit_of_each_field_wins(
        edits in prop::collection::vec(prop_oneof![
            any::<bool>().prop_map(Edit::Urgent),
            any::<bool>().prop_map(Edit::Assign),
            "[a-z]{1,5}".prop_map(Edit::Name),
        ], 0..12),
        server_urgent: bool,
        accepted in 0..12_usize,
    ) {
        let me = StaffId::new();
        let here = Conversation { urgent: server_urgent, ..at_server(None) };
        let owner = Client { id: here.client, name: "server".into(), email: String::new(), phone: String::new(), address: String::new(), pms_id: String::new() };
        let entries: Vec<Entry> = (0..).zip(&edits).map(|(nr, edit)| {
            let work = match edit {
                Edit::Urgent(urgent) => change(&here, ConversationChange { urgent: Some(*urgent), ..Default::default() }),
                Edit::Assign(to_me) => change(&here, ConversationChange { assign: Some(Assign { to: to_me.then_some(me) }), ..Default::default() }),
                Edit::Name(name) => Work::Client(Client { name: name.clone(), ..owner.clone() }),
            };
            // What the server accepted is shown until the feed brings it back.
            let state = if usize::try_from(nr).unwrap() < accepted { EntryState::Accepted } else { EntryState::Queued };
            Entry { state, ..entry(nr, work) }
        }).collect();
        let over = overlay(&entries, me, &known(&here));
        let shown = over.conversations.first().unwrap_or(&here);
        let last_urgent = edits.iter().rev().find_map(|edit| match edit { Edit::Urgent(urgent) => Some(*urgent), _ => None });
        let last_assign = edits.iter().rev().find_map(|edit| match edit { Edit::Assign(to_me) => Some(to_me.then_some(me)), _ => None });
        let last_name = edits.iter().rev().find_map(|edit| match edit { Edit::Name(name) => Some(name.clone()), _ => None });
        prop_assert_eq!(shown.urgent, last_urgent.unwrap_or(server_urgent));
        prop_assert_eq!(shown.assignee, last_assign.unwrap_or(None));
        prop_assert_eq!(over.clients.first().map(|it| it.name.clone()), last_name);
        prop_assert_eq!(&shown.subject, &here.subject);
        prop_assert_eq!(format!("{:?}", overlay(&entries, me, &known(&here))), format!("{over:?}"));
    }
}
