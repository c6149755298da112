//! The JSON beside a filed transcript. Its first five names are the ones importers know; the rest is proof.

use serde::{Deserialize, Serialize};

use super::{disk::Place, plan::Claim};
use crate::Paper;

#[derive(Serialize)]
struct Sidecar<'a> {
    #[serde(rename = "SystemID")]
    system_id: &'a str,
    #[serde(rename = "DocumentFilePath")]
    document_file_path: String,
    #[serde(rename = "PatientAccountID")]
    patient_account_id: &'a str,
    #[serde(rename = "AttachmentDate")]
    attachment_date: &'a str,
    #[serde(rename = "Description")]
    description: &'a str,
    sha256: &'a str,
    limpet_conversation: String,
    limpet_version: u32,
}

#[derive(Deserialize)]
struct Proof {
    sha256: String,
}

/// The sidecar of a paper.
pub(super) fn of(paper: &Paper<'_>, place: &Place, hash: &str) -> Vec<u8> {
    let sidecar = Sidecar {
        system_id: "Limpet",
        document_file_path: place.pdf.display().to_string(),
        patient_account_id: &paper.patient.pms_id,
        attachment_date: paper.date,
        description: paper.description,
        sha256: hash,
        limpet_conversation: paper.conversation.to_string(),
        limpet_version: paper.version,
    };
    let mut json = serde_json::to_vec_pretty(&sidecar).unwrap_or_default();
    json.push(b'\n');
    json
}

/// What a sidecar found on the disk says.
pub(super) fn claim(bytes: &[u8]) -> Claim {
    serde_json::from_slice(bytes).map_or(Claim::Torn, |proof: Proof| Claim::For(proof.sha256))
}
