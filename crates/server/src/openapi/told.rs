//! What a handler asks for and what it answers, told by its own signature.
//!
//! **Invariant:** a body, a parameter in a path or a question, and an answer in JSON stand in the document because the
//! handler's types have them. By hand is told only what no type says: statuses, headers, and bytes.

use std::{collections::BTreeMap, future::Future};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::{
    access::{Caller, Staff},
    app::App,
    body::{Asked, IdOf, PartOf, Sent},
    failure::{Answer, PROBLEM},
    peer::Peer,
};

/// What is told of one route so far.
pub struct Telling<'a> {
    pub(super) schemas: &'a mut SchemaGenerator,
    pub(super) path: &'static str,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) responses: BTreeMap<String, Value>,
}

/// Tells something of a route.
pub type Tell = fn(&mut Telling<'_>);

impl Telling<'_> {
    /// The schema of a type; those with names are told once for all.
    pub fn schema_of<T: JsonSchema>(&mut self) -> Value {
        self.schemas.subschema_for::<T>().to_value()
    }

    /// It is asked with this beside the body: `place` is `path`, `query` or `header`.
    pub fn parameter(&mut self, place: &str, name: &str, required: bool, schema: &Value, words: &str) {
        self.parameters.push(json!({
            "in": place, "name": name, "required": required, "schema": schema, "description": words,
        }));
    }

    /// It takes a body of this media type.
    pub fn takes(&mut self, media_type: &str, schema: &Value, required: bool) {
        self.body = Some(json!({ "required": required, "content": { media_type: { "schema": schema } } }));
    }

    /// It may answer this.
    pub fn answers(&mut self, status: u16, words: &str) {
        self.responses.insert(status.to_string(), json!({ "description": words }));
    }

    /// It may answer this, with a body.
    pub fn answers_with(&mut self, status: u16, words: &str, media_type: &str, schema: &Value) {
        let response = self.responses.entry(status.to_string()).or_insert(json!({ "description": words }));
        if response.get("$ref").is_some() {
            *response = json!({ "description": words, "content": problem() });
        }
        response["content"][media_type] = json!({ "schema": schema });
    }

    /// An answer has this header.
    pub fn header(&mut self, status: u16, name: &str, required: bool, schema: &Value, words: &str) {
        if let Some(response) = self.responses.get_mut(&status.to_string()) {
            response["headers"][name] =
                json!({ "required": required, "schema": schema, "description": words });
        }
    }

    /// It may fail so.
    pub fn fails(&mut self, statuses: &[u16]) {
        for status in statuses {
            let problem = json!({ "$ref": "#/components/responses/Problem" });
            self.responses.entry(status.to_string()).or_insert(problem);
        }
    }

    /// The names in the path, in their order.
    fn names(&self) -> Vec<&'static str> {
        let parts = self.path.split('{').skip(1);
        parts.filter_map(|part| part.split('}').next()).map(|name| name.trim_start_matches('*')).collect()
    }

    /// Tells of the names in the path that no argument of the handler has told of.
    pub(super) fn tell_rest_of_path(&mut self) {
        for name in self.names() {
            if !self.parameters.iter().any(|told| told["in"] == "path" && told["name"] == name) {
                self.parameter("path", name, true, &json!({ "type": "string" }), "Which.");
            }
        }
    }

    fn name_in_path(&mut self, place: usize, schema: &Value, words: &str) {
        let name = self.names().get(place).copied().unwrap_or("?");
        self.parameter("path", name, true, schema, words);
    }
}

/// The content of an answer that is a problem.
pub(super) fn problem() -> Value {
    json!({ PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } })
}

/// An argument of a handler.
pub trait Asks {
    /// Tells what it asks for.
    fn ask(_: &mut Telling<'_>) {}
}

impl Asks for State<App> {}
impl Asks for Caller {}
impl Asks for Staff {}
impl Asks for Peer {}
impl Asks for HeaderMap {}
impl Asks for Method {}
impl Asks for Body {}

impl<T: JsonSchema> Asks for Sent<T> {
    fn ask(telling: &mut Telling<'_>) {
        let schema = telling.schema_of::<T>();
        telling.takes("application/json", &schema, true);
        telling.fails(&[400, 413, 415]);
    }
}

impl<T: JsonSchema> Asks for IdOf<T> {
    fn ask(telling: &mut Telling<'_>) {
        let schema = telling.schema_of::<T>();
        telling.name_in_path(0, &schema, "Which.");
        telling.fails(&[404]);
    }
}

impl<T: JsonSchema> Asks for PartOf<T> {
    fn ask(telling: &mut Telling<'_>) {
        IdOf::<T>::ask(telling);
        let parts = json!({ "type": "string", "enum": ["original", "rendition", "poster"] });
        telling.name_in_path(1, &parts, "The file as it was sent, its copy for playing, or its picture.");
    }
}

impl<T: JsonSchema> Asks for Asked<T> {
    fn ask(telling: &mut Telling<'_>) {
        let schema = T::json_schema(telling.schemas).to_value();
        for (name, mut property) in schema["properties"].as_object().cloned().unwrap_or_default() {
            let words = property["description"].take();
            if let Some(property) = property.as_object_mut() {
                property.remove("description");
            }
            telling.parameter("query", &name, false, &property, words.as_str().unwrap_or_default());
        }
        telling.fails(&[400]);
    }
}

/// What a handler answers when all is well.
pub trait Answers {
    /// Tells it.
    fn answer(_: &mut Telling<'_>) {}
}

/// Told by hand.
impl Answers for Response {}

impl<T: Answers> Answers for Answer<T> {
    fn answer(telling: &mut Telling<'_>) {
        T::answer(telling);
    }
}

impl<T: JsonSchema> Answers for Json<T> {
    fn answer(telling: &mut Telling<'_>) {
        let schema = telling.schema_of::<T>();
        telling.answers_with(200, "As asked.", "application/json", &schema);
    }
}

/// With headers that are nobody's business but the browser's.
impl<T: Answers> Answers for (HeaderMap, T) {
    fn answer(telling: &mut Telling<'_>) {
        T::answer(telling);
    }
}

impl Answers for &'static str {
    fn answer(telling: &mut Telling<'_>) {
        telling.answers_with(200, "A word.", "text/plain", &json!({ "type": "string" }));
    }
}

impl Answers for (StatusCode, &'static str) {
    fn answer(telling: &mut Telling<'_>) {
        <&'static str>::answer(telling);
        telling.answers_with(503, "Why not.", "text/plain", &json!({ "type": "string" }));
    }
}

/// A handler. `M` only tells handlers of different shapes apart.
pub trait Tells<M> {
    /// Tells what its signature says.
    fn tell(telling: &mut Telling<'_>);
}

macro_rules! tells {
    ($($argument:ident)*) => {
        impl<H, F, R, $($argument,)*> Tells<fn($($argument,)*) -> R> for H
        where
            H: Fn($($argument,)*) -> F,
            F: Future<Output = R>,
            R: Answers,
            $($argument: Asks,)*
        {
            fn tell(telling: &mut Telling<'_>) {
                $($argument::ask(telling);)*
                R::answer(telling);
            }
        }
    };
}
tells!();
tells!(A);
tells!(A B);
tells!(A B C);
tells!(A B C D);
tells!(A B C D E);
tells!(A B C D E G);

/// What tells of a handler.
pub const fn teller<M, H: Tells<M>>(_: &H) -> Tell {
    H::tell
}
