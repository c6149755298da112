//! Tokens of integrations, as an administrator makes and revokes them.

use axum::{Json, extract::State};
use limpet_model::TokenId;
use limpet_wire::integrations::{IssuedToken, NewToken, TokenInfo};

use crate::{
    access::{Caller, Staff},
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    secrets::{new_api_token, token_hash},
    store::StoreError,
    terms::Done,
    words,
};

/// `GET /v1/tokens`
pub async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<Vec<TokenInfo>>> {
    Ok(Json(app.store.tokens(caller.practice()).await?))
}

/// `POST /v1/tokens`
pub async fn issue(
    State(app): State<App>,
    staff: Staff,
    Sent(new): Sent<NewToken>,
) -> Answer<Json<IssuedToken>> {
    words::check_token(&new)?;
    let (id, token) = (TokenId::new(), new_api_token().map_err(StoreError::from)?);
    app.store.add_token(staff.by(app.now()), id, &token_hash(&token), &new).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, token = %id, "Made a token");
    Ok(Json(IssuedToken { id, token }))
}

/// `DELETE /v1/tokens/{id}`
pub async fn revoke(State(app): State<App>, staff: Staff, IdOf(id): IdOf<TokenId>) -> Answer<Done> {
    if !app.store.revoke_token(staff.by(app.now()), id).await? {
        return Err(Problem::not_found("token"));
    }
    tracing::info!(practice = %staff.practice, by = %staff.id, token = %id, "Revoked a token");
    Ok(Done)
}
