//! The OpenAPI 3.1 document, made of the route table, the gates and the handlers' own types.
//!
//! **Invariant:** nothing of the document is written down twice. `told` reads signatures, `bounds` takes its limits from
//! where they are enforced, and who may ask comes from `permission`. The stored copy beside the tests is for review, and
//! `script/api fuzz` asks a running server whether the document is true.

#![expect(
    clippy::indexing_slicing,
    reason = "an object of JSON that is indexed by a name grows, and never panics"
)]

mod bounds;
mod told;

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

pub use self::told::{Answers, Asks, Tell, Telling, teller};
use crate::{
    access::{COOKIE, Gate},
    failure,
    permission::{Act, EVERYBODY, Who, may},
    routes::{ROUTES, Route},
};

const DESCRIPTION: &str = "Ids are UUIDs made by whoever makes the thing, so that every write can be repeated. Times are \
     milliseconds since 1970 UTC. Fields that are not known are to be passed over: more may come. Every failure is a \
     problem (RFC 9457) whose `code` is for programs and whose `detail` is for people. `docs/API.md` is the way in.";

/// The document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    schemas.subschema_for::<failure::Body>();
    let mut paths = Map::new();
    for route in ROUTES {
        let mut telling = Telling {
            schemas: &mut schemas,
            path: route.path,
            parameters: Vec::new(),
            body: None,
            responses: BTreeMap::new(),
        };
        for tell in route.tell {
            tell(&mut telling);
        }
        gate(route, &mut telling);
        let path = route.path.replace("{*", "{");
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        operations[route.method] = operation(route, telling);
    }
    let mut definitions = schemas.take_definitions(true);
    bounds::add(&mut definitions);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Limpet",
            "summary": "Asynchronous video chat for veterinary practices",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "responses": {
                "Problem": {
                    "description": "What happened and what to do.",
                    "content": told::problem(),
                },
            },
            "securitySchemes": {
                "session": {
                    "type": "http", "scheme": "bearer", "description": "A staff member's, from `POST /v1/sign-in`.",
                },
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "An integration's, made by an administrator. What it may do are its scopes.",
                },
                "client": {
                    "type": "apiKey", "in": "cookie", "name": COOKIE,
                    "description": "A client's device, from `POST /v1/open-invitation`.",
                },
                "app": {
                    "type": "apiKey", "in": "header", "name": "limpet-app",
                    "description": "Says `owner` in every writing request that comes with the cookie.",
                },
            },
        },
    })
}

fn operation(route: &Route, telling: Telling<'_>) -> Value {
    let mut telling = telling;
    // What stands in the path is asked for, also where the handler does not look at it.
    telling.tell_rest_of_path();
    let Telling { parameters, body, mut responses, .. } = telling;
    responses.entry("5XX".into()).or_insert(json!({ "$ref": "#/components/responses/Problem" }));
    let mut parts = route.path.split('/').filter(|part| !part.is_empty() && *part != "v1");
    let mut operation = json!({
        // A handler may stand at several paths; with the method and the path the name is one of a kind.
        "operationId": name_of(route),
        "summary": route.words.trim(),
        "tags": [parts.next().unwrap_or("home")],
        "security": security(route),
        "responses": responses,
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body {
        operation["requestBody"] = body;
    }
    operation
}

fn name_of(route: &Route) -> String {
    let words = route.path.split(['/', '{', '}', '*', '-']).filter(|part| !part.is_empty() && *part != "v1");
    std::iter::once(route.method).chain(words).collect::<Vec<_>>().join("_")
}

fn writes(route: &Route) -> bool {
    !["get", "head", "options"].contains(&route.method)
}

/// Ways to show who one is, of which any will do.
fn security(route: &Route) -> Vec<Value> {
    let Gate::Session(act) = route.gate else { return Vec::new() };
    let mut ways = Vec::new();
    if EVERYBODY.iter().any(|who| matches!(who, Who::Staff(_)) && may(*who, act)) {
        ways.push(json!({ "session": [] }));
    }
    if may(Who::Client, act) {
        ways.push(if writes(route) { json!({ "client": [], "app": [] }) } else { json!({ "client": [] }) });
    }
    if let Some(scope) = act.scope() {
        ways.push(json!({ "token": [scope.word()] }));
    }
    ways
}

/// What the gate may say.
fn gate(route: &Route, telling: &mut Telling<'_>) {
    match route.gate {
        Gate::Anyone => {}
        Gate::Link => telling.fails(&[404]),
        Gate::Session(act) => {
            telling.fails(&[401]);
            telling.fails(refusals(act));
            if may(Who::Client, act) && writes(route) {
                // Without the header that says which page it comes from.
                telling.fails(&[400]);
            }
        }
    }
}

/// A token without the scope is told 403, and a client's device 404.
fn refusals(act: Act) -> &'static [u16] {
    if may(Who::Client, act) { &[403] } else { &[403, 404] }
}
