//! `GET /v1/openapi.json`: what it says is stored beside this test, so that a change of it is seen in review. Whether it
//! is true is asked by `script/api fuzz`.

use limpet_server::{access::Gate, routes::ROUTES};
use serde_json::Value;

use crate::clinic::Clinic;

#[tokio::test]
async fn the_document_is_the_one_that_was_reviewed() {
    let clinic = Clinic::open().await;
    let served: Value = clinic.stranger().read("/v1/openapi.json").await;
    for route in ROUTES {
        let operation = &served["paths"][route.path.replace("{*", "{")][route.method];
        assert!(operation.is_object(), "{} {} is missing", route.method, route.path);
        let guarded = matches!(route.gate, Gate::Session(_));
        assert_eq!(operation["security"].as_array().is_some_and(|ways| !ways.is_empty()), guarded);
        let signs_in = matches!((route.method, route.path), ("post", "/v1/sign-in" | "/second-step"));
        assert_eq!(operation["responses"]["401"].is_object(), guarded || signs_in, "{}", route.path);
    }
    insta::assert_json_snapshot!(served, { ".info.version" => "[version]" });
}
