//! Who sees what. The one place that decides it, for the feed and for every single thing asked for.
//!
//! Staff see everything of their practice. A client's device sees its own client, that client's patients and
//! conversations, the messages in them that are for everyone with their attachments, the practice, and the
//! names and roles of staff. It never sees a note, a summary, a plan, an assignee or an e-mail address of staff.
//!
//! **Invariant:** every query of a table that devices see contains `seen!(table)`, with `$1` the practice and
//! `$2` the view's scope, and everything that leaves goes through `View::trim`.

use limpet_model::ClientId;
use limpet_wire::changes::Entity;

/// The condition under which a row is seen. `$2` is empty for staff and a client's id for its device.
macro_rules! seen {
    (practices) => {
        "($2 = '' OR $2 <> '')"
    };
    (staff) => {
        "($2 = '' OR $2 <> '')"
    };
    (clients) => {
        "($2 = '' OR id = $2)"
    };
    (patients) => {
        "($2 = '' OR client_id = $2)"
    };
    (conversations) => {
        "($2 = '' OR client_id = $2)"
    };
    (messages) => {
        "($2 = '' OR (client_id = $2 AND audience = 'everyone'))"
    };
    (attachments) => {
        "($2 = '' OR (client_id = $2 AND audience = 'everyone'))"
    };
    (tombstones) => {
        "(client_id = '' OR client_id = $2)"
    };
}
pub(crate) use seen;

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
                if let Some(ending) = &mut conversation.ending {
                    ending.summary.clear();
                    ending.plan.clear();
                }
            }
            Entity::Practice(_) | Entity::Message(_) | Entity::Attachment(_) | Entity::Tombstone(_) => {}
        }
        entity
    }
}
