//! Who sees what. The one place that decides it, for the feed and for every single thing asked for.
//!
//! Staff see everything of their practice. A client's device sees its own client, that client's patients and
//! conversations, the messages in them that are for everyone with their attachments, what that client said to the
//! consent text, of the practice what the owner app shows, and the names and roles of staff. It never sees a note, a
//! summary, a plan, an assignee, a department, a tag, a template, a hold or an e-mail address of staff.
//!
//! **Invariant:** every query that answers a session about what devices see is written with `per_view!` and its
//! `seen(table)`, with `$1` the practice and `$2` the view's scope, and everything that leaves goes through
//! `View::trim`. Each view has a statement of its own, so that a client's device reads its own rows by their index, and
//! never the practice's.

use limpet_model::{Audience, ClientId, Practice, PracticeSettings};
use limpet_wire::{
    changes::Entity,
    http::{Present, PresentAs, PresentPerson},
};

/// The condition under which a row is seen. `$2` is empty for staff and a client's id for its device.
macro_rules! seen {
    (staff tombstones) => {
        "$2 = '' AND client_id IN ('', 'staff')"
    };
    (client tombstones) => {
        "client_id IN ('', $2)"
    };
    (staff $table:ident) => {
        "$2 = ''"
    };
    (client practices) => {
        "$2 <> ''"
    };
    (client staff) => {
        "$2 <> ''"
    };
    (client listings) => {
        "$2 = ''"
    };
    (client holds) => {
        "$2 = ''"
    };
    (client consents) => {
        "client_id = $2"
    };
    (client clients) => {
        "id = $2"
    };
    (client patients) => {
        "client_id = $2"
    };
    (client conversations) => {
        "client_id = $2"
    };
    (client messages) => {
        "client_id = $2 AND audience = 'everyone'"
    };
    (client attachments) => {
        "client_id = $2 AND audience = 'everyone'"
    };
}
pub(crate) use seen;

/// A statement as it is for a view: text, `columns!()`, and `seen(table)` for what the view sees of a table.
macro_rules! per_view {
    (@ $view:ident [$($done:tt)*]) => {
        concat!($($done)*)
    };
    (@ $view:ident [$($done:tt)*] seen($table:ident) $(, $($rest:tt)*)?) => {
        per_view!(@ $view [$($done)* $crate::view::seen!($view $table),] $($($rest)*)?)
    };
    (@ $view:ident [$($done:tt)*] $part:ident!() $(, $($rest:tt)*)?) => {
        per_view!(@ $view [$($done)* $part!(),] $($($rest)*)?)
    };
    (@ $view:ident [$($done:tt)*] $part:literal $(, $($rest:tt)*)?) => {
        per_view!(@ $view [$($done)* $part,] $($($rest)*)?)
    };
    ($of:expr; $($parts:tt)*) => {
        match $of {
            $crate::view::View::Staff => per_view!(@ staff [] $($parts)*),
            $crate::view::View::Client(_) => per_view!(@ client [] $($parts)*),
        }
    };
}
pub(crate) use per_view;

/// Through whose eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A staff member's.
    Staff,
    /// The device of this client.
    Client(ClientId),
}

impl View {
    /// What `$2` is bound to.
    pub(crate) fn scope(self) -> String {
        match self {
            Self::Staff => String::new(),
            Self::Client(client) => client.to_string(),
        }
    }

    /// Takes away the fields that this view does not hold.
    pub(crate) fn trim(self, mut entity: Entity) -> Entity {
        if self == Self::Staff {
            return entity;
        }
        match &mut entity {
            Entity::StaffMember(member) => member.email.clear(),
            Entity::Client(client) => client.pms_id.clear(),
            Entity::Patient(patient) => {
                patient.pms_id.clear();
                patient.alert.clear();
            }
            Entity::Conversation(conversation) => {
                conversation.assignee = None;
                (conversation.snooze, conversation.escalated_at) = (None, None);
                conversation.department = None;
                conversation.tags.clear();
                if let Some(ending) = &mut conversation.ending {
                    ending.summary.clear();
                    ending.plan.clear();
                }
            }
            Entity::Practice(practice) => for_client(practice),
            Entity::Consent(consent) => consent.by = None,
            Entity::Message(message) => message.mentions.clear(),
            // Rows that no client's device is shown.
            Entity::Department(_) | Entity::Tag(_) | Entity::Template(_) | Entity::Hold(_) => {
                return Entity::Unread;
            }
            Entity::Attachment(_) | Entity::Tombstone(_) | Entity::Unread => {}
        }
        entity
    }

    /// Who is in a conversation, as this view sees it: staff everybody, a client's device only that somebody of the
    /// practice is there or writes to it. Of a note that is being written it sees nothing.
    pub(crate) fn trim_present(self, mut present: Present) -> Present {
        if self == Self::Staff {
            return present;
        }
        let staff = present.people.iter().filter(|person| matches!(person.who, PresentAs::Staff(_)));
        let typing = staff.map(|person| person.typing.filter(|of| *of == Audience::Everyone));
        let somebody = typing.reduce(Option::or);
        present.people =
            somebody.map(|typing| PresentPerson { who: PresentAs::Practice, typing }).into_iter().collect();
        present
    }
}

/// Of a practice a client's device gets what it shows, and nothing that is not named here.
fn for_client(practice: &mut Practice) {
    practice.address.clear();
    let all = *std::mem::take(&mut practice.settings);
    *practice.settings = PracticeSettings {
        logo: all.logo,
        hours: all.hours,
        chat_hours: all.chat_hours,
        offline: all.offline,
        offline_words: all.offline_words,
        upload_limit: all.upload_limit,
        consent: all.consent,
        ..PracticeSettings::default()
    };
}

#[cfg(test)]
mod tests {
    use limpet_model::{PracticeId, Wording};

    use super::*;

    #[test]
    fn of_a_practice_a_clients_device_gets_what_it_shows() {
        let words = |text: &str| Wording::from([("en".to_owned(), text.to_owned())]);
        let settings = PracticeSettings {
            letterhead: "secret".into(),
            away_words: words("secret"),
            first_words: words("secret"),
            offline_words: words("Flooded"),
            offline: true,
            upload_limit: 7,
            retention_years: 3,
            legal_hold: true,
            requires_code: true,
            ..PracticeSettings::default()
        };
        let practice = Practice {
            id: PracticeId::new(),
            name: "Lapa".into(),
            address: "secret".into(),
            phone: "555".into(),
            time_zone: "UTC".into(),
            settings: Box::new(settings),
        };
        let Entity::Practice(seen) = View::Client(ClientId::new()).trim(Entity::Practice(practice.clone()))
        else {
            panic!("not a practice")
        };
        assert!(!format!("{seen:?}").contains("secret"));
        let settings = &seen.settings;
        assert_eq!((settings.upload_limit, settings.offline, seen.phone.as_str()), (7, true, "555"));
        assert_eq!(
            (settings.retention_years, settings.legal_hold, settings.requires_code),
            (7, false, false)
        );
        assert_eq!(View::Staff.trim(Entity::Practice(practice.clone())), Entity::Practice(practice));
    }
}
