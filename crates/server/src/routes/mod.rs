//! The routes: one table of what is asked, who comes in, and who answers. The router, the OpenAPI document and the
//! matrix test are made of it.
//!
//! **Invariant:** there is no route without a gate. What the table says of one is what stands before it.

mod account;
mod account_pages;
mod attachments;
mod audit;
mod changes;
mod conversations;
mod docs;
mod dress;
mod exports;
mod health;
mod holds;
mod imports;
mod lists;
mod live;
mod lost;
mod media;
mod messages;
mod owner;
mod pages_for_people;
mod people;
mod practice;
mod second_step;
mod second_step_page;
mod session;
mod tokens;
mod uploads;
mod webhooks;

use axum::{Router, http::StatusCode, middleware, routing};

use crate::{
    access::{
        Gate::{self, Anyone, Link, Session},
        guard,
    },
    app::App,
    failure::Problem,
    openapi::{Tell, Telling, teller},
    permission::Act,
};

pub use self::health::BucketAnswer;

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `get`, `put` and so on. `get` answers `HEAD` too.
    pub method: &'static str,
    /// Its path; what stands in braces is told by whoever asks.
    pub path: &'static str,
    /// Who comes in.
    pub gate: Gate,
    /// What it is for.
    pub words: &'static str,
    /// What tells the document of it: the handler's types first.
    pub tell: &'static [Tell],
}

macro_rules! routes {
    ($($(#[doc = $doc:literal])+ $method:ident $path:literal $gate:expr => $handler:expr $(, $more:expr)*;)*) => {
        /// Everything the server answers.
        pub const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            gate: $gate,
            words: concat!($($doc),+),
            tell: &[teller(&$handler) $(, $more)*],
        },)*];

        fn guarded(app: &App) -> Router<App> {
            Router::new()$(.route(
                $path,
                routing::$method($handler)
                    .route_layer(middleware::from_fn_with_state((app.clone(), $gate), guard)),
            ))*
        }
    };
}

routes! {
    /// Sign a staff member in.
    post "/v1/sign-in" Anyone => session::sign_in, session::guesses;
    /// Close the session.
    post "/v1/sign-out" Session(Act::BeHere) => session::sign_out;
    /// Whose session it is.
    get "/v1/me" Session(Act::BeHere) => session::me;
    /// Open the link that a client was given; the answer sets the cookie.
    post "/v1/open-invitation" Anyone => session::open_invitation, session::old_links;
    /// One's own sessions, the one used last first.
    get "/v1/sessions" Session(Act::OwnAccount) => account::sessions;
    /// Close one of one's own sessions.
    delete "/v1/sessions/{id}" Session(Act::OwnAccount) => account::close_session;
    /// Change one's own password.
    put "/v1/password" Session(Act::OwnAccount) => account::change_password, session::guesses;
    /// Have a link mailed to whoever forgot their password. The answer is the same whether there is an account or not.
    post "/v1/password-reset" Anyone => account_pages::reset, session::too_often, conflicts;
    /// Whether a code is asked for at sign-in, and whether the practice requires it.
    get "/v1/second-step" Session(Act::OwnAccount) => second_step::show;
    /// Begin to set up codes at sign-in: answers a new secret, this once.
    post "/v1/second-step" Session(Act::OwnAccount) => second_step::begin, session::guesses, conflicts;
    /// Have codes asked for from now on, by a first code of the new secret. The answer shows the recovery codes, this
    /// once.
    put "/v1/second-step" Session(Act::OwnAccount) => second_step::confirm, session::guesses;
    /// Put new recovery codes in the place of those there are. The answer shows them, this once.
    post "/v1/second-step/recovery-codes" Session(Act::OwnAccount) => second_step::renew, session::guesses;
    /// Have no codes asked for any more.
    post "/v1/second-step/off" Session(Act::OwnAccount) => second_step::end, session::guesses, conflicts;
    /// Invite a staff member, who sets a password by the link. The same again changes nothing.
    put "/v1/staff/{id}" Session(Act::Staff) => account::invite, conflicts, session::too_often;
    /// Mail the invitation again or, where this server sends no mail, answer the link to hand over.
    post "/v1/staff/{id}/invitation" Session(Act::Staff) => account::invitation, conflicts, session::too_often;
    /// Take codes at sign-in off an account, for somebody who has lost the phone.
    delete "/v1/staff/{id}/second-step" Session(Act::Staff) => second_step::take_off, conflicts;
    /// Change a staff member.
    patch "/v1/staff/{id}" Session(Act::Staff) => account::change, conflicts;
    /// Close all sessions of a staff member.
    delete "/v1/staff/{id}/sessions" Session(Act::Staff) => account::close_sessions;
    /// Who did what.
    get "/v1/audit" Session(Act::Audit) => audit::audit;
    /// The tokens of the practice's integrations, the newest first.
    get "/v1/tokens" Session(Act::Integrate) => tokens::list;
    /// Make a token for an integration. The answer shows it, this once.
    post "/v1/tokens" Session(Act::Integrate) => tokens::issue;
    /// Revoke a token for good.
    delete "/v1/tokens/{id}" Session(Act::Integrate) => tokens::revoke;
    /// The practice's webhooks, the newest first.
    get "/v1/webhooks" Session(Act::Integrate) => webhooks::list;
    /// Have somebody told when something happens. The answer shows the secret, this once.
    post "/v1/webhooks" Session(Act::Integrate) => webhooks::add;
    /// Remove a webhook, and what was still to be told there.
    delete "/v1/webhooks/{id}" Session(Act::Integrate) => webhooks::remove;
    /// What a webhook was and is to be told, the newest first: 200 at most.
    get "/v1/webhooks/{id}/deliveries" Session(Act::Integrate) => webhooks::deliveries;
    /// Tell a webhook once more what was given up.
    post "/v1/webhooks/{id}/retry" Session(Act::Integrate) => webhooks::retry;
    /// The practice and its settings, as the asker sees them.
    get "/v1/practice" Session(Act::Follow) => practice::show;
    /// Change the practice. The last one to write wins, setting by setting.
    patch "/v1/practice" Session(Act::Practice) => practice::change, conflicts;
    /// The practice's logo: a PNG.
    get "/v1/practice/logo" Session(Act::Follow) => practice::logo, practice::tell_logo;
    /// Set the practice's logo: a PNG, JPEG or WebP picture of 2 MB at most. It is kept as a small PNG.
    put "/v1/practice/logo" Session(Act::Practice) => practice::set_logo, practice::tell_set_logo;
    /// Take the practice's logo away.
    delete "/v1/practice/logo" Session(Act::Practice) => practice::remove_logo;
    /// Every consent text there was, by version.
    get "/v1/consent-texts" Session(Act::Texts) => practice::consent_texts;
    /// Write down what a client says to a version of the consent text. The same again changes nothing.
    put "/v1/consents/{id}" Session(Act::Consent) => practice::consent, conflicts;
    /// Add or change a department.
    put "/v1/departments/{id}" Session(Act::Practice) => lists::put_department, conflicts;
    /// Add or change a tag.
    put "/v1/tags/{id}" Session(Act::Sort) => lists::put_tag, conflicts;
    /// Add or change a template.
    put "/v1/templates/{id}" Session(Act::Sort) => lists::put_template, conflicts;
    /// What changed after a revision, as the asker sees it.
    get "/v1/changes" Session(Act::Follow) => changes::changes;
    /// Say, as server-sent events, whenever there is a newer revision, and who is in a conversation.
    get "/v1/live" Session(Act::Follow) => live::live, live::tell;
    /// A client.
    get "/v1/clients/{id}" Session(Act::Follow) => people::client;
    /// Add or change a client.
    put "/v1/clients/{id}" Session(Act::Keep) => people::put_client;
    /// A patient.
    get "/v1/patients/{id}" Session(Act::Follow) => people::patient;
    /// Add or change a patient.
    put "/v1/patients/{id}" Session(Act::Keep) => people::put_patient;
    /// Say what a CSV file of clients and patients would do, row by row, and write nothing. 16 MB and 50,000 rows at most.
    post "/v1/imports/preview" Session(Act::Import) => imports::preview, imports::tell;
    /// Bring in clients and patients from the file that was looked at. It is done in parts: one that broke off is finished
    /// by sending the file again, and one that is sent twice changes nothing.
    post "/v1/imports" Session(Act::Import) => imports::import, imports::tell, conflicts;
    /// A conversation.
    get "/v1/conversations/{id}" Session(Act::Follow) => conversations::conversation;
    /// Open a conversation. The same again changes nothing.
    put "/v1/conversations/{id}" Session(Act::Converse) => conversations::open, conflicts;
    /// Change a conversation: urgency, assignee, state.
    patch "/v1/conversations/{id}" Session(Act::Converse) => conversations::change;
    /// Make one change to many conversations, 200 at most.
    post "/v1/conversations/changes" Session(Act::Converse) => conversations::change_many;
    /// Make another conversation about the same patient part of this one.
    post "/v1/conversations/{id}/merge" Session(Act::Converse) => conversations::merge, conflicts;
    /// Make a link for the client of a conversation.
    post "/v1/conversations/{id}/invitation" Session(Act::Invite) => conversations::invite;
    /// Say how far one has read.
    post "/v1/conversations/{id}/read" Session(Act::Read) => conversations::read;
    /// Say that one is in a conversation, or writing there. It passes by itself, and nothing of it is kept.
    put "/v1/conversations/{id}/presence" Session(Act::BePresent) => conversations::presence;
    /// A message or, for staff, a note.
    get "/v1/messages/{id}" Session(Act::Follow) => messages::message;
    /// Write a message or, for staff, a note, and announce its files. The same again changes nothing.
    put "/v1/messages/{id}" Session(Act::Write) => messages::put, messages::tell_put;
    /// Give one's own message new words. What it said before is kept.
    patch "/v1/messages/{id}" Session(Act::Write) => messages::edit, conflicts;
    /// Take a message back. What it said is kept for the record.
    delete "/v1/messages/{id}" Session(Act::Write) => messages::delete, conflicts;
    /// What a message said before.
    get "/v1/messages/{id}/earlier" Session(Act::Record) => messages::earlier;
    /// Tell that a transcript or a file left Limpet.
    put "/v1/exports/{id}" Session(Act::Record) => exports::put, conflicts;
    /// Put a conversation, a patient or a client on hold: it is kept however old it is. The same again changes nothing.
    put "/v1/holds/{id}" Session(Act::Hold) => holds::put, conflicts;
    /// Lift a hold.
    delete "/v1/holds/{id}" Session(Act::Lift) => holds::lift;
    /// What of tus is spoken.
    options "/v1/uploads" Anyone => uploads::abilities, uploads::tell_abilities;
    /// Begin to send the bytes of an announced file (tus: creation, creation-with-upload).
    post "/v1/uploads" Session(Act::Send) => uploads::begin, uploads::tell_begin;
    /// What of tus is spoken.
    options "/v1/uploads/{attachment}" Anyone => uploads::abilities, uploads::tell_abilities;
    /// How many bytes have arrived (tus).
    head "/v1/uploads/{attachment}" Session(Act::Send) => uploads::offset, uploads::tell_offset;
    /// Send more bytes (tus: core, checksum).
    patch "/v1/uploads/{attachment}" Session(Act::Send) => uploads::append, uploads::tell_append;
    /// Give an upload up (tus: termination).
    delete "/v1/uploads/{attachment}" Session(Act::Send) => uploads::give_up, uploads::tell_give_up;
    /// The bytes of a file, whole or a range.
    get "/v1/attachments/{id}/{part}" Session(Act::Open) => attachments::bytes, attachments::tell_bytes;
    /// What this server is and whose way leads where, for people.
    get "/" Anyone => pages_for_people::home, pages_for_people::tell_page;
    /// The page behind a media link.
    get "/m/{capability}" Link => media::page, media::tell_page;
    /// The bytes behind a media link, whole or a range.
    get "/m/{capability}/{part}" Link => media::bytes, attachments::tell_bytes;
    /// What pages look like, and the script of those that have something to copy.
    get "/m-assets/{file}" Anyone => media::asset, owner::tell_file;
    // Whoever opens it: the page asks for the invitation itself.
    /// The owner app, opened with an invitation.
    get "/o/{invitation}" Anyone => owner::index, owner::tell_index;
    /// The page that sets a password, by an invitation or after a forgotten one.
    get "/a/{link}" Link => account_pages::open, pages_for_people::tell_page, pages_for_people::tell_link;
    /// Set the password.
    post "/a/{link}" Link => account_pages::set_password, account_pages::tell_password, pages_for_people::tell_link;
    /// The page for a forgotten password.
    get "/reset" Anyone => account_pages::forgot, pages_for_people::tell_page;
    /// Have a link mailed.
    post "/reset" Anyone => account_pages::forgot_sent, account_pages::tell_forgot;
    /// The page that sets up codes at sign-in, for whoever may not sign in without.
    get "/second-step" Anyone => second_step_page::second_step, pages_for_people::tell_page;
    /// Set them up: first the password, or the ticket of a sign-in, then a code.
    post "/second-step" Anyone => second_step_page::set_up, second_step_page::tell_set_up, pages_for_people::tell_link;
    /// A file of the owner app; its name may hold slashes.
    get "/owner/{*file}" Anyone => owner::file, owner::tell_file;
    /// Whether the process lives.
    get "/healthz" Anyone => health::healthz;
    /// Whether to send it anything.
    get "/readyz" Anyone => health::readyz;
    /// This document.
    get "/v1/openapi.json" Anyone => docs::openapi;
    /// What a code of a problem means.
    get "/v1/problems/{code}" Anyone => docs::problem;
}

/// What was sent may clash with what is there.
fn conflicts(telling: &mut Telling<'_>) {
    telling.fails(&[409]);
}

/// The table as a router.
pub fn router(app: App) -> Router {
    guarded(&app)
        .fallback(lost::lost)
        .method_not_allowed_fallback(|| async {
            Problem::invalid("This address does not do that.").with_status(StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn_with_state(app.clone(), dress::dress))
        .with_state(app)
}
