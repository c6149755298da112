//! The order of the outbox, with generated histories.

use std::collections::BTreeMap;

use limpet_model::{AttachmentId, Audience, Client, MessageId, PatientId};
use limpet_wire::{
    Code, Failure,
    http::{ConversationChange, NewConversation, NewMessage},
};
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

fn message(conversation: ConversationId) -> (MessageId, Work) {
    let id = MessageId::new();
    let new = NewMessage {
        conversation,
        audience: Audience::Everyone,
        body: "words".into(),
        sent_at: Millis(0),
        attachments: vec![],
        mentions: Vec::new(),
        due_at: None,
        when_open: false,
    };
    (id, Work::Message { id, new })
}

fn upload(conversation: ConversationId, message: MessageId) -> Work {
    Work::Upload { attachment: AttachmentId::new(), message, conversation, bytes: 10 }
}

fn change(conversation: ConversationId) -> Work {
    Work::Change { conversation, change: ConversationChange { urgent: Some(true), ..Default::default() } }
}

fn person(id: ClientId) -> Work {
    Work::Client(Client {
        id,
        name: "Eva".into(),
        email: String::new(),
        phone: String::new(),
        address: String::new(),
        pms_id: String::new(),
    })
}

fn refused() -> EntryState {
    EntryState::Refused(Failure::new(Code::Conflict, "No."))
}

#[test]
fn a_short_message_does_not_wait_for_a_long_clip() {
    let here = ConversationId::new();
    let (with_clip, first) = message(here);
    let mut entries = vec![entry(1, first), entry(2, upload(here, with_clip)), entry(3, message(here).1)];
    assert_eq!(ready(&entries, Millis(0)), [1]);
    entries[0].state = EntryState::Accepted;
    assert_eq!(ready(&entries, Millis(0)), [2, 3]);
    entries[1].state = EntryState::Sending;
    assert_eq!(ready(&entries, Millis(0)), [3]);
}

#[test]
fn a_conversation_waits_for_the_people_it_is_about_and_everything_in_it_for_the_conversation() {
    let (here, owner) = (ConversationId::new(), ClientId::new());
    let new = NewConversation {
        client: owner,
        patient: PatientId::new(),
        subject: "Limps".into(),
        opened_at: Millis(0),
    };
    let mut entries = vec![
        entry(1, person(owner)),
        entry(2, Work::Conversation { id: here, new }),
        entry(3, message(here).1),
        entry(4, message(ConversationId::new()).1),
    ];
    assert_eq!(ready(&entries, Millis(0)), [1, 4]);
    entries[0].state = EntryState::Accepted;
    assert_eq!(ready(&entries, Millis(0)), [2, 4]);
    entries[1].state = refused();
    assert_eq!(ready(&entries, Millis(0)), [4]);
}

#[test]
fn a_refused_message_stops_its_own_files_and_nothing_else() {
    let here = ConversationId::new();
    let (id, first) = message(here);
    let mut entries =
        vec![entry(1, first), entry(2, upload(here, id)), entry(3, message(here).1), entry(4, change(here))];
    entries[0].state = refused();
    assert_eq!(ready(&entries, Millis(0)), [3]);
    entries[2].state = EntryState::Accepted;
    assert_eq!(ready(&entries, Millis(0)), [4]);
}

#[test]
fn waiting_for_a_better_moment_keeps_the_order() {
    let here = ConversationId::new();
    let mut entries = vec![entry(1, message(here).1), entry(2, message(here).1)];
    entries[0].not_before = Millis(500);
    assert_eq!(ready(&entries, Millis(499)), [0_i64; 0]);
    assert_eq!(next_attempt(&entries, Millis(499)), Some(Millis(500)));
    assert_eq!(ready(&entries, Millis(500)), [1]);
}

#[test]
fn what_waits_for_its_time_is_not_forgotten_over_what_may_go_now() {
    let elsewhere = ConversationId::new();
    let mut entries = vec![entry(1, message(ConversationId::new()).1), entry(2, message(elsewhere).1)];
    entries[1].not_before = Millis(500);
    assert_eq!(ready(&entries, Millis(0)), [1]);
    assert_eq!(next_attempt(&entries, Millis(0)), Some(Millis(500)));
    assert_eq!(next_attempt(&entries, Millis(500)), None);
}

/// What happens to an entry that was started.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Accepted,
    Later,
    Refused,
    Crash,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Accepted), 2 => Just(Fate::Later), 1 => Just(Fate::Refused), 1 => Just(Fate::Crash)]
}

proptest! {
    /// Messages with and without files in three conversations, sent under failures and crashes: in each
    /// conversation the server sees messages in the order in which they were written, each file after its message,
    /// and in the end everything was either taken or refused.
    #[test]
    fn order_holds_and_everything_ends(
        written in prop::collection::vec((0..3_usize, any::<bool>()), 1..12),
        fates in prop::collection::vec((fate(), any::<prop::sample::Index>()), 0..60),
    ) {
        let conversations: Vec<ConversationId> = (0..3).map(|_| ConversationId::new()).collect();
        let mut entries = vec![];
        for (place, with_file) in written {
            let (id, work) = message(conversations[place]);
            entries.push(entry(i64::try_from(entries.len()).unwrap(), work));
            if with_file {
                entries.push(entry(i64::try_from(entries.len()).unwrap(), upload(conversations[place], id)));
            }
        }
        let mut now = 0;
        let mut at_server: BTreeMap<i64, usize> = BTreeMap::new();
        let fates = fates.into_iter().map(|(fate, which)| (fate, Some(which))).chain(std::iter::repeat((Fate::Accepted, None)));
        for (fate, which) in fates.take(200) {
            now += 1;
            let may_go = ready(&entries, Millis(now));
            if may_go.is_empty() {
                if next_attempt(&entries, Millis(now)).is_none() { break }
                continue;
            }
            let nr = may_go[which.map_or(0, |which| which.index(may_go.len()))];
            let entry = entries.iter_mut().find(|entry| entry.nr == nr).unwrap();
            prop_assert_eq!(&entry.state, &EntryState::Queued);
            entry.state = EntryState::Sending;
            let count = at_server.len();
            match fate {
                Fate::Accepted => { at_server.entry(nr).or_insert(count); entry.state = EntryState::Accepted; }
                Fate::Later => { entry.state = EntryState::Queued; entry.not_before = Millis(now + 3); }
                Fate::Refused => entry.state = refused(),
                // The server took it, the answer was lost: it is sent again.
                Fate::Crash => { at_server.entry(nr).or_insert(count); entry.state = EntryState::Queued; }
            }
        }
        for later in &entries {
            let Some(place) = at_server.get(&later.nr) else { continue };
            for earlier in entries.iter().take_while(|earlier| earlier.nr < later.nr) {
                let related = lane(&earlier.work) == lane(&later.work)
                    || matches!((&earlier.work, &later.work), (Work::Message { id, .. }, Work::Upload { message, .. }) if id == message);
                if let Some(before) = at_server.get(&earlier.nr) && related {
                    prop_assert!(before < place);
                }
            }
        }
        for entry in &entries {
            let held_by_refusal = matches!(&entry.work, Work::Upload { message, .. } if entries.iter().any(|other|
                matches!(&other.work, Work::Message { id, .. } if id == message) && matches!(other.state, EntryState::Refused(_))));
            prop_assert!(held_by_refusal || matches!(entry.state, EntryState::Accepted | EntryState::Refused(_)), "{:?}", entry.state);
        }
    }
}
