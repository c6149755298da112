//! The demo practice: a dozen clients with their animals and conversations in every state, brought to a real
//! server over HTTP as devices would bring them.
//!
//! Two ways. [`seed_past`] starts a server of its own on the data folder and, where the `faketime` program is
//! installed, sets that server's clock to the time of each event, so that clients have been waiting for as long
//! as they should; then it stops that server. [`seed_now`] tells the same to a server that is running, all at
//! once: everybody waits since now. Ids aside, both do the same each time.

pub(crate) mod api;
mod cases;
mod past;
mod script;
mod teller;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use limpet_model::{
    AttachmentId, AttachmentKind, Audience, ConversationId, MessageId, Millis, PracticeId, StaffId,
};
use limpet_wire::http::{Invitation, NewAttachment, NewMessage};
use reqwest::Client as Http;
use serde::Serialize;

use self::{api::Device, script::Staff, teller::Teller};
use crate::servers::{NewPractice, NewStaff, Server, add_practice, add_staff};

/// The password of everybody at the demo practice.
pub const PASSWORD: &str = "walk the dog twice";

/// What a test or the demo needs to know about the practice that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Clinic {
    /// The practice.
    pub practice: PracticeId,
    /// Its staff; the first one is who the demo signs in.
    pub staff: Vec<StaffCard>,
    /// Its conversations; the first one is the demo's.
    pub conversations: Vec<ConversationCard>,
}

/// A staff member who can sign in.
#[derive(Debug, Clone, Serialize)]
pub struct StaffCard {
    /// Who.
    pub id: StaffId,
    /// Name.
    pub name: String,
    /// Sign-in name.
    pub email: String,
    /// Password.
    pub password: String,
}

/// A conversation.
#[derive(Debug, Clone, Serialize)]
pub struct ConversationCard {
    /// Which.
    pub id: ConversationId,
    /// The client's name.
    pub client: String,
    /// The patient's name.
    pub patient: String,
    /// The reason.
    pub subject: String,
}

/// Makes the practice and its past in the data folder of a server that is not running. `clips` is the folder
/// that generated clips are kept in.
pub async fn seed_past(data: &Path, clips: &Path) -> Result<Clinic> {
    let clock = past::Clock::new()?;
    let mut server = Server::start_with(data, "127.0.0.1:0", &clock.environment())?;
    let clinic = seed(data, server.url(), clips, &clock).await?;
    server.cut()?;
    Ok(clinic)
}

/// Makes the practice at a running server whose data folder is `data`.
pub async fn seed_now(data: &Path, url: &str, clips: &Path) -> Result<Clinic> {
    seed(data, url, clips, &past::Clock::real()).await
}

/// What time it is.
pub fn now() -> Millis {
    past::Clock::real().at(0)
}

/// A link for the client of a conversation, as the front desk would send it.
pub async fn invite(
    url: &str,
    email: &str,
    password: &str,
    conversation: ConversationId,
) -> Result<Invitation> {
    let device = Device::sign_in(&Http::new(), url, email, password).await?;
    device.invite(conversation).await
}

/// Sends a clip from the client's phone, with a word, and waits until the server has looked at it.
pub async fn send_clip(
    url: &str,
    invitation: &Invitation,
    conversation: ConversationId,
    clip: &Path,
) -> Result<AttachmentId> {
    let phone = Device::open(&Http::new(), url, invitation).await?;
    let id = send_from(&phone, conversation, clip).await?;
    settle(&phone).await?;
    Ok(id)
}

/// Sends a clip from a client's phone, with a word.
pub(crate) async fn send_from(
    phone: &Device,
    conversation: ConversationId,
    clip: &Path,
) -> Result<AttachmentId> {
    let bytes = fs::read(clip).with_context(|| format!("{} cannot be read", clip.display()))?;
    let id = AttachmentId::new();
    let name = clip.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mime = match clip.extension().and_then(|extension| extension.to_str()) {
        Some(mov) if mov.eq_ignore_ascii_case("mov") => "video/quicktime",
        Some(webm) if webm.eq_ignore_ascii_case("webm") => "video/webm",
        _ => "video/mp4",
    };
    let message = NewMessage {
        conversation,
        audience: Audience::Everyone,
        body: "This is from this morning.".into(),
        sent_at: now(),
        attachments: vec![NewAttachment {
            id,
            kind: AttachmentKind::Clip,
            name,
            mime: mime.into(),
            bytes: i64::try_from(bytes.len())?,
            caption: String::new(),
            captured_at: None,
            still_of: None,
        }],
        mentions: Vec::new(),
        due_at: None,
        when_open: false,
    };
    phone.put(&format!("/v1/messages/{}", MessageId::new()), &message).await?;
    phone.upload(id, bytes).await?;
    Ok(id)
}

async fn seed(data: &Path, url: &str, clips: &Path, clock: &past::Clock) -> Result<Clinic> {
    let new = NewPractice {
        name: "Larkfield Veterinary Practice",
        address: "14 Larkfield Road\nFort Collins, CO 80521",
        phone: "(970) 555-0142",
        time_zone: "America/Denver",
    };
    let practice = add_practice(data, new)?;
    let staff = Staff::ALL
        .into_iter()
        .map(|member| {
            let (name, email, role) = member.card();
            let new = NewStaff { name, email, password: PASSWORD, role };
            let id = add_staff(data, practice, new)?;
            Ok(StaffCard { id, name: name.into(), email: email.into(), password: PASSWORD.into() })
        })
        .collect::<Result<Vec<_>>>()?;
    let mut teller = Teller::new(url, clips, clock, &staff).await?;
    let conversations = teller.tell(cases::cases()).await?;
    clock.set(0)?;
    Ok(Clinic { practice, staff, conversations })
}

/// Waits until the server has looked at everything that was uploaded, and checks that it liked it.
async fn settle(device: &Device) -> Result<()> {
    for _ in 0..600 {
        let (busy, refused) = device.unfinished().await?;
        ensure!(refused.is_empty(), "the server refused {}", refused.join("; "));
        if busy == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the server is still looking at an upload after a minute")
}

fn staff_card(staff: &[StaffCard], member: Staff) -> Result<&StaffCard> {
    staff.iter().find(|card| card.email == member.card().1).context("no such staff member")
}
