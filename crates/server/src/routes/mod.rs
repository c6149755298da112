//! The routes: one table of what is asked, who comes in, and who answers.
//!
//! **Invariant:** there is no route without a gate. What the table says of one is what stands before it.

mod account;
mod account_pages;
mod attachments;
mod audit;
mod changes;
mod conversations;
mod dress;
mod exports;
mod health;
mod lists;
mod live;
mod media;
mod messages;
mod owner;
mod people;
mod practice;
mod second_step;
mod session;
mod uploads;

use axum::{Router, http::StatusCode, middleware, routing};

use crate::{
    access::{
        Gate::{self, Anyone, Link, Session},
        guard,
    },
    app::App,
    failure::Problem,
    permission::Act,
};

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `get`, `put` and so on. `get` answers `HEAD` too.
    pub method: &'static str,
    /// Its path; what stands in braces is told by whoever asks.
    pub path: &'static str,
    /// Who comes in.
    pub gate: Gate,
}

macro_rules! routes {
    ($($method:ident $path:literal $gate:expr => $handler:expr;)*) => {
        /// Everything the server answers.
        pub const ROUTES: &[Route] =
            &[$(Route { method: stringify!($method), path: $path, gate: $gate },)*];

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
    post "/v1/sign-in" Anyone => session::sign_in;
    post "/v1/sign-out" Session(Act::BeHere) => session::sign_out;
    get "/v1/me" Session(Act::BeHere) => session::me;
    post "/v1/open-invitation" Anyone => session::open_invitation;
    get "/v1/sessions" Session(Act::OwnAccount) => account::sessions;
    delete "/v1/sessions/{id}" Session(Act::OwnAccount) => account::close_session;
    put "/v1/password" Session(Act::OwnAccount) => account::change_password;
    post "/v1/password-reset" Anyone => account_pages::reset;
    get "/v1/second-step" Session(Act::OwnAccount) => second_step::show;
    post "/v1/second-step" Session(Act::OwnAccount) => second_step::begin;
    put "/v1/second-step" Session(Act::OwnAccount) => second_step::confirm;
    post "/v1/second-step/off" Session(Act::OwnAccount) => second_step::end;
    put "/v1/staff/{id}" Session(Act::Staff) => account::invite;
    post "/v1/staff/{id}/invitation" Session(Act::Staff) => account::invitation;
    delete "/v1/staff/{id}/second-step" Session(Act::Staff) => second_step::take_off;
    patch "/v1/staff/{id}" Session(Act::Staff) => account::change;
    delete "/v1/staff/{id}/sessions" Session(Act::Staff) => account::close_sessions;
    get "/v1/audit" Session(Act::Audit) => audit::audit;
    get "/v1/practice" Session(Act::Follow) => practice::show;
    patch "/v1/practice" Session(Act::Practice) => practice::change;
    get "/v1/practice/logo" Session(Act::Follow) => practice::logo;
    put "/v1/practice/logo" Session(Act::Practice) => practice::set_logo;
    delete "/v1/practice/logo" Session(Act::Practice) => practice::remove_logo;
    get "/v1/consent-texts" Session(Act::Texts) => practice::consent_texts;
    put "/v1/consents/{id}" Session(Act::Consent) => practice::consent;
    put "/v1/departments/{id}" Session(Act::Practice) => lists::put_department;
    put "/v1/tags/{id}" Session(Act::Sort) => lists::put_tag;
    put "/v1/templates/{id}" Session(Act::Sort) => lists::put_template;
    get "/v1/changes" Session(Act::Follow) => changes::changes;
    get "/v1/live" Session(Act::Follow) => live::live;
    put "/v1/clients/{id}" Session(Act::Keep) => people::put_client;
    put "/v1/patients/{id}" Session(Act::Keep) => people::put_patient;
    put "/v1/conversations/{id}" Session(Act::Converse) => conversations::open;
    patch "/v1/conversations/{id}" Session(Act::Converse) => conversations::change;
    post "/v1/conversations/changes" Session(Act::Converse) => conversations::change_many;
    post "/v1/conversations/{id}/merge" Session(Act::Converse) => conversations::merge;
    post "/v1/conversations/{id}/invitation" Session(Act::Invite) => conversations::invite;
    post "/v1/conversations/{id}/read" Session(Act::Read) => conversations::read;
    put "/v1/messages/{id}" Session(Act::Write) => messages::put;
    patch "/v1/messages/{id}" Session(Act::Write) => messages::edit;
    delete "/v1/messages/{id}" Session(Act::Write) => messages::delete;
    get "/v1/messages/{id}/earlier" Session(Act::Converse) => messages::earlier;
    put "/v1/exports/{id}" Session(Act::Converse) => exports::put;
    options "/v1/uploads" Anyone => uploads::abilities;
    post "/v1/uploads" Session(Act::Send) => uploads::begin;
    options "/v1/uploads/{attachment}" Anyone => uploads::abilities;
    head "/v1/uploads/{attachment}" Session(Act::Send) => uploads::offset;
    patch "/v1/uploads/{attachment}" Session(Act::Send) => uploads::append;
    delete "/v1/uploads/{attachment}" Session(Act::Send) => uploads::give_up;
    get "/v1/attachments/{id}/{part}" Session(Act::Open) => attachments::bytes;
    get "/m/{capability}" Link => media::page;
    get "/m/{capability}/{part}" Link => media::bytes;
    get "/m-assets/{file}" Anyone => media::asset;
    // Whoever opens it: the page asks for the invitation itself.
    get "/o/{invitation}" Anyone => owner::index;
    get "/a/{link}" Link => account_pages::open;
    post "/a/{link}" Link => account_pages::set_password;
    get "/reset" Anyone => account_pages::forgot;
    post "/reset" Anyone => account_pages::forgot_sent;
    get "/second-step" Anyone => account_pages::second_step;
    post "/second-step" Anyone => account_pages::set_up;
    get "/owner/{*file}" Anyone => owner::file;
    get "/healthz" Anyone => health::healthz;
    get "/readyz" Anyone => health::readyz;
}

/// The table as a router.
pub fn router(app: App) -> Router {
    guarded(&app)
        .fallback(|| async { Problem::not_found("page") })
        .method_not_allowed_fallback(|| async {
            Problem::invalid("This address does not do that.").with_status(StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn_with_state(app.clone(), dress::dress))
        .with_state(app)
}
