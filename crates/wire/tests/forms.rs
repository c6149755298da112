//! The forms as they cross the boundary. A change here breaks devices that are not updated yet.

use limpet_model::{Audience, Author, Message, Millis, Revision};
use limpet_wire::{
    Code, Failure,
    calls::Call,
    changes::{Change, Entity},
    frames::FrameRequest,
};
use serde_json::{from_value, json, to_value};

const ID: &str = "019a8d00-0000-7000-8000-000000000001";

#[test]
fn a_failure_is_a_code_and_a_sentence() {
    let failure = Failure::new(Code::TooLarge, "The clip is too large.");
    assert_eq!(
        to_value(failure).unwrap(),
        json!({ "code": "too_large", "message": "The clip is too large." })
    );
}

#[test]
fn a_change_is_a_revision_and_a_tagged_state() {
    let message = Message {
        id: ID.parse().unwrap(),
        conversation: ID.parse().unwrap(),
        author: Author::Client(ID.parse().unwrap()),
        audience: Audience::Everyone,
        automatic: false,
        body: "She limps".to_owned(),
        attachments: vec![],
        sent_at: Millis(1),
        received_at: Millis(2),
        mentions: Vec::new(),
        due_at: None,
        edited_at: None,
        deleted_at: None,
    };
    let change = Change { revision: Revision(7), entity: Entity::Message(message) };
    let form = json!({
        "revision": 7,
        "entity": { "kind": "message", "state": {
            "id": ID, "conversation": ID, "author": { "kind": "client", "id": ID }, "audience": "everyone",
            "automatic": false, "body": "She limps", "attachments": [], "sent_at": 1, "received_at": 2,
            "mentions": [], "due_at": null, "edited_at": null, "deleted_at": null,
        }},
    });
    assert_eq!(to_value(&change).unwrap(), form);
    assert_eq!(from_value::<Change>(form).unwrap(), change);
}

#[test]
fn a_call_is_a_name_and_its_argument() {
    let call: Call = from_value(json!({ "name": "mark_read", "args": ID })).unwrap();
    assert_eq!(call.name(), "mark_read");
    assert_eq!(to_value(call).unwrap(), json!({ "name": "mark_read", "args": ID }));
    assert!(from_value::<Call>(json!({ "name": "delete_everything", "args": null })).is_err());
}

#[test]
fn a_wish_for_a_frame_says_which_and_how_large() {
    let wish =
        FrameRequest::Show { generation: 3, frame: 40, max_width: 1080, max_height: 700, near_first: true };
    let form = json!({
        "kind": "show", "generation": 3, "frame": 40, "max_width": 1080, "max_height": 700, "near_first": true,
    });
    assert_eq!(to_value(wish).unwrap(), form);
    let seen = FrameRequest::See { generation: 4, frame: 41, max_width: 1080, max_height: 700 };
    let form = json!({ "kind": "see", "generation": 4, "frame": 41, "max_width": 1080, "max_height": 700 });
    assert_eq!(to_value(seen).unwrap(), form);
    let next = FrameRequest::Bring { generation: 4, frame: 42, max_width: 1080, max_height: 700 };
    let form = json!({ "kind": "bring", "generation": 4, "frame": 42, "max_width": 1080, "max_height": 700 });
    assert_eq!(to_value(next).unwrap(), form);
}
