//! Clients and patients. The last one to write wins, unless it says on which terms it writes.

use axum::extract::State;
use limpet_model::{Client, ClientId, Patient, PatientId};
use limpet_wire::changes::{Change, Entity};

use crate::{
    access::Caller,
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    store::changes::Thing,
    terms::{Changed, Known, On, Tagged},
    words,
};

/// `GET /v1/clients/{id}`
pub async fn client(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ClientId>,
    known: Known,
) -> Answer<Tagged<Client>> {
    match app.store.one(caller.practice(), caller.view(), Thing::Client(id)).await? {
        Some(Change { revision, entity: Entity::Client(found) }) => known.or(revision, found),
        _ => Err(Problem::not_found("client")),
    }
}

/// `PUT /v1/clients/{id}`
pub async fn put_client(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ClientId>,
    On(terms): On,
    Sent(client): Sent<Client>,
) -> Answer<Changed> {
    if client.id != id {
        return Err(Problem::invalid(
            "The client's id is not the one in the address. If an app sent it, update the app.",
        ));
    }
    words::check_client(&client)?;
    Ok(Changed(app.store.put_client_on(caller.by(app.now()), &client, &terms).await?))
}

/// `GET /v1/patients/{id}`
pub async fn patient(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<PatientId>,
    known: Known,
) -> Answer<Tagged<Patient>> {
    match app.store.one(caller.practice(), caller.view(), Thing::Patient(id)).await? {
        Some(Change { revision, entity: Entity::Patient(found) }) => known.or(revision, found),
        _ => Err(Problem::not_found("patient")),
    }
}

/// `PUT /v1/patients/{id}`
pub async fn put_patient(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<PatientId>,
    On(terms): On,
    Sent(patient): Sent<Patient>,
) -> Answer<Changed> {
    if patient.id != id {
        return Err(Problem::invalid(
            "The patient's id is not the one in the address. If an app sent it, update the app.",
        ));
    }
    words::check_patient(&patient)?;
    Ok(Changed(app.store.put_patient_on(caller.by(app.now()), &patient, &terms).await?))
}
