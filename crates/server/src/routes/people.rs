//! Clients and patients. The last one to write wins.

use axum::{extract::State, http::StatusCode};
use limpet_model::{Client, ClientId, Patient, PatientId};

use crate::{
    access::Staff,
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    words,
};

/// `PUT /v1/clients/{id}`
pub async fn put_client(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ClientId>,
    Sent(client): Sent<Client>,
) -> Answer<StatusCode> {
    if client.id != id {
        return Err(Problem::invalid("The client's id is not the one in the address. Update the app."));
    }
    words::check_client(&client)?;
    app.store.put_client(staff.by(app.now()), &client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /v1/patients/{id}`
pub async fn put_patient(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<PatientId>,
    Sent(patient): Sent<Patient>,
) -> Answer<StatusCode> {
    if patient.id != id {
        return Err(Problem::invalid("The patient's id is not the one in the address. Update the app."));
    }
    words::check_patient(&patient)?;
    app.store.put_patient(staff.by(app.now()), &patient).await?;
    Ok(StatusCode::NO_CONTENT)
}
