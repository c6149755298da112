//! Who sees what. The one place that decides it, for the feed and for every single thing asked for.
//!
//! Staff see everything of their practice. A client's device sees its own client, that client's patients and
//! conversations, the messages in them that are for everyone with their attachments, the practice, and the
//! names and roles of staff. It never sees a note, a summary, a plan, an assignee or an e-mail address of staff.
//!
//! **Invariant:** every query that answers a session about what devices see is written with `per_view!` and its
//! `seen(table)`, with `$1` the practice and `$2` the view's scope, and everything that leaves goes through
//! `View::trim`. Each view has a statement of its own, so that a client's device reads its own rows by their index, and
//! never the practice's.

use limpet_model::ClientId;
use limpet_wire::changes::Entity;

/// The condition under which a row is seen. `$2` is empty for staff and a client's id for its device.
macro_rules! seen {
    ($view:ident tombstones) => {
        "(client_id = '' OR client_id = $2)"
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
                if let Some(ending) = &mut conversation.ending {
                    ending.summary.clear();
                    ending.plan.clear();
                }
            }
            Entity::Message(message) => message.mentions.clear(),
            Entity::Practice(_) | Entity::Attachment(_) | Entity::Tombstone(_) | Entity::Unread => {}
        }
        entity
    }
}
