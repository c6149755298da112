//! The routes, in the order of the table in `limpet_wire::http`.

mod attachments;
mod changes;
mod conversations;
mod dress;
mod live;
mod media;
mod messages;
mod owner;
mod people;
mod session;
mod uploads;

use axum::{
    Router, middleware,
    routing::{get, options, patch, post, put},
};

use crate::{app::App, failure::Problem};

/// Everything the server answers.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/v1/sign-in", post(session::sign_in))
        .route("/v1/sign-out", post(session::sign_out))
        .route("/v1/me", get(session::me))
        .route("/v1/open-invitation", post(session::open_invitation))
        .route("/v1/changes", get(changes::changes))
        .route("/v1/live", get(live::live))
        .route("/v1/clients/{id}", put(people::put_client))
        .route("/v1/patients/{id}", put(people::put_patient))
        .route("/v1/conversations/{id}", put(conversations::open).patch(conversations::change))
        .route("/v1/conversations/{id}/invitation", post(conversations::invite))
        .route("/v1/conversations/{id}/read", post(conversations::read))
        .route("/v1/messages/{id}", put(messages::put))
        .route("/v1/uploads", options(uploads::abilities).post(uploads::begin))
        .route(
            "/v1/uploads/{attachment}",
            patch(uploads::append).head(uploads::offset).delete(uploads::give_up).options(uploads::abilities),
        )
        .route("/v1/attachments/{id}/{part}", get(attachments::bytes))
        .route("/m/{capability}", get(media::page))
        .route("/m/{capability}/{part}", get(media::bytes))
        .route("/m-assets/{file}", get(media::asset))
        .route("/o/{invitation}", get(owner::index))
        .route("/owner/{*file}", get(owner::file))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { Problem::not_found("page") })
        .method_not_allowed_fallback(|| async {
            Problem::invalid("This address does not do that.")
                .with_status(axum::http::StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn_with_state(app.clone(), dress::dress))
        .with_state(app)
}
