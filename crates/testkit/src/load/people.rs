//! Practices with people whose devices have sessions.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use limpet_model::{Client, ClientId, ConversationId, Patient, PatientId, PracticeId, Role, Sex};
use limpet_wire::http::NewConversation;
use reqwest::Client as Http;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::at_once;
use crate::{
    clinic::{
        self, PASSWORD,
        api::{Device, Session},
    },
    servers::{NewPractice, NewStaff, add_practice, add_staff},
};

/// What is to be made.
#[derive(Args)]
pub struct Wanted {
    /// Address of the server.
    #[arg(long)]
    url: String,
    /// Its data folder.
    #[arg(long)]
    data: PathBuf,
    /// How many practices.
    #[arg(long)]
    practices: usize,
    /// Clients in each that have a conversation and a phone.
    #[arg(long, default_value_t = 1)]
    phones: usize,
    /// The file to write. It lets whoever has it in.
    #[arg(short, long)]
    output: PathBuf,
}

/// A practice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Practice {
    pub id: PracticeId,
    /// A staff member's session.
    pub desk: Session,
    pub email: String,
    pub talks: Vec<Talk>,
}

/// A conversation and its client's phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Talk {
    pub conversation: ConversationId,
    pub phone: Session,
}

/// The practices that were written down.
pub(super) fn read(path: &PathBuf) -> Result<Vec<Practice>> {
    let written = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(serde_json::from_slice(&written)?)
}

pub(super) async fn make(wanted: Wanted) -> Result<Value> {
    let (http, phones) = (Http::new(), wanted.phones);
    // Each begins with two programs, which take both cores.
    let practices = at_once(4, 0..wanted.practices, |number| {
        let (http, url, data) = (http.clone(), wanted.url.clone(), wanted.data.clone());
        async move {
            let adding = tokio::task::spawn_blocking(move || add(&data, number));
            let (id, email) = adding.await??;
            let desk = Device::sign_in(&http, &url, &email, PASSWORD).await?;
            let mut talks = Vec::new();
            for phone in 0..phones {
                let (_, _, conversation) = open(&desk, phone).await?;
                let invitation = desk.invite(conversation).await?;
                let phone = Device::open(&http, &url, &invitation).await?.session();
                talks.push(Talk { conversation, phone });
            }
            Ok(Practice { id, desk: desk.session(), email, talks })
        }
    })
    .await?;
    fs::write(&wanted.output, serde_json::to_vec(&practices)?)?;
    Ok(json!({ "practices": practices.len(), "phones": practices.len() * phones }))
}

fn add(data: &std::path::Path, number: usize) -> Result<(PracticeId, String)> {
    let new = NewPractice {
        name: &format!("Practice {number}"),
        address: "1 High Street",
        phone: "555 0100",
        time_zone: "Europe/Madrid",
    };
    let practice = add_practice(data, new)?;
    let email = format!("desk@{practice}.example");
    let new = NewStaff { name: "Front Desk", email: &email, password: PASSWORD, role: Role::FrontDesk };
    add_staff(data, practice, new)?;
    Ok((practice, email))
}

/// A client, an animal and a conversation about it.
pub(super) async fn open(desk: &Device, number: usize) -> Result<(ClientId, PatientId, ConversationId)> {
    let client = Client {
        id: ClientId::new(),
        name: format!("Marta Ruiz {number}"),
        email: format!("marta{number}@example.org"),
        phone: "555 0142".into(),
        address: "14 Larkfield Road\nFort Collins".into(),
        pms_id: number.to_string(),
    };
    desk.put(&format!("/v1/clients/{}", client.id), &client).await?;
    let patient = Patient {
        id: PatientId::new(),
        client: client.id,
        name: "Biscuit".into(),
        species: "Dog".into(),
        breed: "Beagle".into(),
        sex: Sex::FemaleNeutered,
        born: "2019-05".into(),
        colour: "Tricolour".into(),
        weight_kg: Some(12.4),
        alert: String::new(),
        pms_id: number.to_string(),
    };
    desk.put(&format!("/v1/patients/{}", patient.id), &patient).await?;
    let conversation = converse(desk, client.id, patient.id).await?;
    Ok((client.id, patient.id, conversation))
}

/// Another conversation about it.
pub(super) async fn converse(desk: &Device, client: ClientId, patient: PatientId) -> Result<ConversationId> {
    let id = ConversationId::new();
    let new = NewConversation { client, patient, subject: "Limps".into(), opened_at: clinic::now() };
    desk.put(&format!("/v1/conversations/{id}"), &new).await?;
    Ok(id)
}
