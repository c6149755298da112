//! Clients and patients.

use std::sync::Arc;

use limpet_cache::outbox::Work;
use limpet_model::{Client, Patient};
use limpet_wire::{
    Code, Failure,
    desk::{ClientQuery, ClientRow},
};

use crate::hub::Hub;

/// Rows at most, whatever is asked for.
const MOST: u32 = 500;

pub(crate) async fn list(hub: &Arc<Hub>, query: ClientQuery) -> Result<Vec<ClientRow>, Failure> {
    hub.on_disk(move |here| {
        let cache = &here.store.cache;
        let clients = cache.find_clients(&query.search, query.limit.min(MOST))?;
        clients
            .into_iter()
            .map(|client| Ok(ClientRow { patients: cache.patients_of(client.id)?, client }))
            .collect()
    })
    .await
}

pub(crate) async fn save_client(hub: &Arc<Hub>, client: Client) -> Result<(), Failure> {
    if client.name.trim().is_empty() {
        return Err(Failure::new(Code::Invalid, "A client needs a name. Type it and save again."));
    }
    hub.queue(Work::Client(client)).await
}

pub(crate) async fn save_patient(hub: &Arc<Hub>, patient: Patient) -> Result<(), Failure> {
    if patient.name.trim().is_empty() {
        return Err(Failure::new(Code::Invalid, "A patient needs a name. Type it and save again."));
    }
    let client = patient.client;
    let known = hub.on_disk(move |here| Ok(here.store.cache.client(client)?.is_some())).await?;
    if !known {
        return Err(Failure::new(
            Code::NotFound,
            "The client of this patient is not here. Save the client first.",
        ));
    }
    hub.queue(Work::Patient(patient)).await
}
