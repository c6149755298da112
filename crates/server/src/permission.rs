//! Who may do what. The one table, and the one function that reads it.
//!
//! What somebody may see is another question, which `view` answers: a permission lets a client's device ask for
//! messages, and the view shows it its own.
//!
//! **Invariant:** every route for sessions names the act that it is ([`crate::routes`]), and nothing of it runs before
//! [`may`] has been asked.

use limpet_model::Role;
use limpet_wire::integrations::Scope;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A staff member.
    Staff(Role),
    /// A client's device.
    Client,
    /// An integration, with what its token is for.
    Token(Scopes),
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |all, scope| all | (1 << *scope as u8)))
    }

    /// Whether this one is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

/// Everybody who is a person, in the order of the table's columns.
pub const EVERYBODY: [Who; 5] = [
    Who::Staff(Role::Admin),
    Who::Staff(Role::Veterinarian),
    Who::Staff(Role::Technician),
    Who::Staff(Role::FrontDesk),
    Who::Client,
];

macro_rules! acts {
    ($($(#[doc = $doc:literal])+ $act:ident: $row:ident $(, $scope:ident)?;)*) => {
        /// What is done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Act {
            $($(#[doc = $doc])+ $act,)*
        }

        impl Act {
            /// Every act.
            pub const ALL: &[Self] = &[$(Self::$act),*];

            /// What it is, as the table says it.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$act => concat!($($doc),+).trim_ascii(),)*
                }
            }

            fn row(self) -> [bool; 5] {
                match self {
                    $(Self::$act => $row,)*
                }
            }

            /// The scope that a token needs for it. Without one it is not for integrations.
            pub fn scope(self) -> Option<Scope> {
                match self {
                    $(Self::$act => acts!(@ $($scope)?),)*
                }
            }
        }
    };
    (@ $scope:ident) => {
        Some(Scope::$scope)
    };
    (@) => {
        None
    };
}

const ALL: [bool; 5] = [true; 5];
const STAFF: [bool; 5] = [true, true, true, true, false];
const DECIDE: [bool; 5] = [true, true, false, false, false];
const ADMIN: [bool; 5] = [true, false, false, false, false];

acts! {
    /// Sign out, and see as whom one is signed in
    BeHere: ALL;
    /// See what there is and follow what changes
    Follow: ALL, ReadConversations;
    /// Say how far one has read
    Read: ALL;
    /// Say that one is in a conversation, or writing there
    BePresent: ALL;
    /// Write messages and, for staff, notes; give one's own new words, and take them back
    Write: ALL;
    /// Send the files of one's own messages
    Send: ALL;
    /// Open clips, photos and documents
    Open: ALL, ReadMedia;
    /// Say what a client says to the consent text
    Consent: ALL;
    /// See the consent texts there were
    Texts: STAFF;
    /// Add and change clients and patients
    Keep: STAFF, WritePeople;
    /// Bring in clients and patients from a file
    Import: ADMIN, WritePeople;
    /// Keep tags and templates
    Sort: STAFF;
    /// Open conversations, change them, end them
    Converse: STAFF, WriteConversations;
    /// Invite a client
    Invite: STAFF, InviteClients;
    /// See and close one's own sessions, change one's own password, set up codes at sign-in
    OwnAccount: STAFF;
    /// Invite staff, change their names and roles, close accounts and the sessions of others, take codes at sign-in off
    Staff: ADMIN;
    /// Take back what somebody else wrote
    TakeBack: ADMIN;
    /// Read who did what
    Audit: ADMIN;
    /// See what a message said before, and tell what left Limpet
    Record: STAFF;
    /// Look after integrations: tokens and webhooks
    Integrate: ADMIN;
    /// Put a conversation, a patient or a client on hold
    Hold: DECIDE;
    /// Lift a hold
    Lift: ADMIN;
    /// Change the practice's settings, its logo, its consent text and its departments
    Practice: ADMIN;
}

/// Whether somebody may do it.
pub fn may(who: Who, act: Act) -> bool {
    if let Who::Token(scopes) = who {
        return act.scope().is_some_and(|scope| scopes.has(scope));
    }
    EVERYBODY.iter().zip(act.row()).any(|(of, may)| *of == who && may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_do_what_its_conversation_takes_and_nothing_else() {
        let may_do: Vec<Act> = Act::ALL.iter().copied().filter(|act| may(Who::Client, *act)).collect();
        assert_eq!(
            may_do,
            [
                Act::BeHere,
                Act::Follow,
                Act::Read,
                Act::BePresent,
                Act::Write,
                Act::Send,
                Act::Open,
                Act::Consent
            ]
        );
    }

    #[test]
    fn a_token_may_do_what_its_scopes_say_and_nothing_else() {
        let keeper = Who::Token(Scopes::of(&[Scope::WritePeople]));
        let may_do: Vec<Act> = Act::ALL.iter().copied().filter(|act| may(keeper, *act)).collect();
        assert_eq!(may_do, [Act::Keep, Act::Import]);
        let every = Who::Token(Scopes::of(&Scope::ALL));
        let may_not: Vec<Act> = Act::ALL.iter().copied().filter(|act| !may(every, *act)).collect();
        assert_eq!(
            may_not,
            [
                Act::BeHere,
                Act::Read,
                Act::BePresent,
                Act::Write,
                Act::Send,
                Act::Consent,
                Act::Texts,
                Act::Sort,
                Act::OwnAccount,
                Act::Staff,
                Act::TakeBack,
                Act::Audit,
                Act::Record,
                Act::Integrate,
                Act::Hold,
                Act::Lift,
                Act::Practice,
            ]
        );
        assert!(Act::ALL.iter().all(|act| !may(Who::Token(Scopes::NONE), *act)));
    }

    #[test]
    fn only_an_administrator_decides_about_others() {
        for act in [Act::Staff, Act::Practice, Act::Lift] {
            let deciding = EVERYBODY.iter().filter(|who| may(**who, act)).collect::<Vec<_>>();
            assert_eq!(deciding, [&Who::Staff(Role::Admin)]);
        }
        assert!(Act::ALL.iter().all(|act| may(Who::Staff(Role::Admin), *act)), "an administrator may do all");
    }
}
