//! Addresses that lead nowhere. A link that was cut short on its way ends here.
//!
//! **Invariant:** a program gets a problem. Only a browser, and never one that asks below `/v1`, gets a page.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::pages_for_people::html;
use crate::{
    failure::Problem,
    pages::{self, Language},
};

/// What there is to say.
pub async fn lost(method: Method, address: Uri, headers: HeaderMap) -> Response {
    let path = address.path();
    let is_program = path == "/v1" || path.starts_with("/v1/");
    let mut answer = if method == Method::GET && !is_program && takes_pages(&headers) {
        html(StatusCode::NOT_FOUND, pages::lost(Language::of(&headers)))
    } else {
        Problem::not_found("page").into_response()
    };
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
    answer
}

/// Whether pages are named among what is taken: programs take anything or name something else.
fn takes_pages(headers: &HeaderMap) -> bool {
    let taken = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    taken.flat_map(|value| value.split(',')).any(|kind| {
        let mut parts = kind.split(';').map(str::trim);
        let is_page = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_page && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}
