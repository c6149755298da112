//! Who acts, for which practice, and when. Every change is begun with it, and the audit log keeps it.

use limpet_model::{Author, ClientId, Millis, PracticeId, StaffId, TokenId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A staff member.
    Staff(StaffId),
    /// A client's device.
    Client(ClientId),
    /// An integration.
    Token(TokenId),
    /// Whoever has a link.
    Link,
    /// Whoever is at the command line.
    Operator,
    /// The server by itself.
    Server,
}

impl Actor {
    /// The kind, and the id where there is one.
    pub fn words(self) -> (&'static str, String) {
        match self {
            Self::Staff(id) => ("staff", id.to_string()),
            Self::Client(id) => ("client", id.to_string()),
            Self::Token(id) => ("token", id.to_string()),
            Self::Link => ("link", String::new()),
            Self::Operator => ("operator", String::new()),
            Self::Server => ("server", String::new()),
        }
    }
}

/// Who acts, for which practice, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// The practice.
    pub practice: PracticeId,
    /// Who.
    pub actor: Actor,
    /// When, by the server's clock.
    pub at: Millis,
}

impl By {
    /// Somebody.
    pub fn new(practice: PracticeId, actor: Actor, at: Millis) -> Self {
        Self { practice, actor, at }
    }

    /// The server by itself.
    pub fn server(practice: PracticeId, at: Millis) -> Self {
        Self::new(practice, Actor::Server, at)
    }

    /// As whom a message is written. Integrations write none.
    pub fn author(&self) -> Author {
        match self.actor {
            Actor::Staff(staff) => Author::Staff(staff),
            Actor::Client(client) => Author::Client(client),
            Actor::Token(_) | Actor::Link | Actor::Operator | Actor::Server => Author::System,
        }
    }

    /// The staff member, if it is one.
    pub fn staff(&self) -> Option<StaffId> {
        match self.actor {
            Actor::Staff(staff) => Some(staff),
            _ => None,
        }
    }
}
