//! Tells a server what happened, event by event, each from the device of whoever did it.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context as _, Result};
use limpet_model::{
    AttachmentId, AttachmentKind, Audience, Client, ClientId, ConversationId, ConversationState, MessageId,
    Micros, Patient, PatientId, StillOf,
};
use limpet_wire::http::{Assign, ConversationChange, NewAttachment, NewConversation, NewMessage, ReadUpTo};
use reqwest::Client as Http;

use super::{
    ConversationCard, StaffCard,
    api::Device,
    past,
    script::{Case, Event, Film, Sent, Staff, What},
    settle, staff_card,
};
use crate::clips;

pub(super) struct Teller<'a> {
    http: Http,
    url: &'a str,
    clips: &'a Path,
    clock: &'a past::Clock,
    staff: &'a [StaffCard],
    desks: HashMap<Staff, Device>,
}

/// A conversation under way.
struct Told<'c> {
    case: &'c Case,
    number: usize,
    client: ClientId,
    patient: PatientId,
    id: ConversationId,
    phone: Option<Device>,
    first_clip: Option<(AttachmentId, &'c Film)>,
}

impl<'a> Teller<'a> {
    pub(super) async fn new(
        url: &'a str,
        clips: &'a Path,
        clock: &'a past::Clock,
        staff: &'a [StaffCard],
    ) -> Result<Self> {
        let http = Http::new();
        let mut desks = HashMap::new();
        for member in Staff::ALL {
            let card = staff_card(staff, member)?;
            desks.insert(member, Device::sign_in(&http, url, &card.email, &card.password).await?);
        }
        Ok(Self { http, url, clips, clock, staff, desks })
    }

    /// Everything that happened in all cases, the oldest first.
    pub(super) async fn tell(&mut self, cases: Vec<Case>) -> Result<Vec<ConversationCard>> {
        let mut told: Vec<Told<'_>> =
            (1..).zip(&cases).map(|(number, case)| Told::new(number, case)).collect();
        let mut events: Vec<(usize, &Event)> = cases
            .iter()
            .enumerate()
            .flat_map(|(place, case)| case.events.iter().map(move |event| (place, event)))
            .collect();
        events.sort_by_key(|(_, event)| std::cmp::Reverse(event.ago));
        for (place, event) in events {
            let told = told.get_mut(place).context("no such case")?;
            self.clock.set(event.ago)?;
            self.happens(told, event)
                .await
                .with_context(|| format!("{}, {} minutes ago", told.case.animal.name, event.ago))?;
        }
        settle(self.desk(Staff::Maya)?).await?;
        Ok(told.iter().map(Told::card).collect())
    }

    fn desk(&self, member: Staff) -> Result<&Device> {
        self.desks.get(&member).context("nobody signed in")
    }

    async fn happens<'c>(&self, told: &mut Told<'c>, event: &'c Event) -> Result<()> {
        match &event.what {
            What::Opened(by) => self.open(told, self.desk(*by)?, event.ago).await,
            What::Client(body, sent) => {
                let phone = told.phone.clone().context("the client has no link yet")?;
                self.message(told, &phone, Audience::Everyone, body, sent, event.ago).await
            }
            What::Answer(by, body, sent) => {
                self.seen(told, self.desk(*by)?).await?;
                self.message(told, self.desk(*by)?, Audience::Everyone, body, sent, event.ago).await
            }
            What::Note(by, body) => {
                self.message(told, self.desk(*by)?, Audience::Staff, body, &[], event.ago).await
            }
            What::Assigned(by, to) => {
                let to = Some(staff_card(self.staff, *to)?.id);
                let change = ConversationChange { assign: Some(Assign { to }), ..Default::default() };
                self.desk(*by)?.patch(&told.path(), &change).await
            }
            What::Urgent(by) => {
                let change = ConversationChange { urgent: Some(true), ..Default::default() };
                self.desk(*by)?.patch(&told.path(), &change).await
            }
            What::Seen(by) => self.seen(told, self.desk(*by)?).await,
            What::Read => self.seen(told, told.phone.as_ref().context("the client has no link yet")?).await,
            What::Ended(by, summary, plan) => {
                self.seen(told, self.desk(*by)?).await?;
                let change = ConversationChange {
                    state: Some(ConversationState::Ended),
                    at: Some(self.clock.at(event.ago)),
                    summary: Some((*summary).into()),
                    plan: Some((*plan).into()),
                    ..Default::default()
                };
                self.desk(*by)?.patch(&told.path(), &change).await
            }
        }
    }

    /// Client, patient and conversation come into being, and the client gets a link.
    async fn open(&self, told: &mut Told<'_>, desk: &Device, ago: i64) -> Result<()> {
        let (owner, animal) = (&told.case.owner, &told.case.animal);
        let client = Client {
            id: told.client,
            name: owner.name.into(),
            email: owner.email.into(),
            phone: owner.phone.into(),
            address: owner.address.into(),
            pms_id: (20_410 + told.number * 7).to_string(),
        };
        desk.put(&format!("/v1/clients/{}", told.client), &client).await?;
        let patient = Patient {
            id: told.patient,
            client: told.client,
            name: animal.name.into(),
            species: animal.kind.0.into(),
            breed: animal.kind.1.into(),
            sex: animal.sex,
            born: animal.born.into(),
            colour: animal.colour.into(),
            weight_kg: Some(animal.weight_kg),
            alert: animal.alert.into(),
            pms_id: (31_006 + told.number * 11).to_string(),
        };
        desk.put(&format!("/v1/patients/{}", told.patient), &patient).await?;
        let conversation = NewConversation {
            client: told.client,
            patient: told.patient,
            subject: told.case.subject.into(),
            opened_at: self.clock.at(ago),
        };
        desk.put(&told.path(), &conversation).await?;
        let invitation = desk.invite(told.id).await?;
        told.phone = Some(Device::open(&self.http, self.url, &invitation).await?);
        Ok(())
    }

    async fn seen(&self, told: &Told<'_>, device: &Device) -> Result<()> {
        match device.newest(told.id).await? {
            Some(at) => device.post(&format!("{}/read", told.path()), &ReadUpTo { at }).await,
            None => Ok(()),
        }
    }

    async fn message<'c>(
        &self,
        told: &mut Told<'c>,
        device: &Device,
        audience: Audience,
        body: &str,
        sent: &'c [Sent],
        ago: i64,
    ) -> Result<()> {
        let mut files = vec![];
        for sent in sent {
            files.push(self.file(told, sent, ago)?);
        }
        let message = NewMessage {
            conversation: told.id,
            audience,
            body: body.into(),
            sent_at: self.clock.at(ago),
            attachments: files.iter().map(|(announced, _)| announced.clone()).collect(),
            mentions: Vec::new(),
            due_at: None,
            when_open: false,
        };
        device.put(&format!("/v1/messages/{}", MessageId::new()), &message).await?;
        for (announced, bytes) in files {
            device.upload(announced.id, bytes).await?;
            // A job that is under way must not find that hours have passed.
            settle(self.desk(Staff::Maya)?).await?;
        }
        Ok(())
    }

    /// A file and how it is announced.
    fn file<'c>(&self, told: &mut Told<'c>, sent: &'c Sent, ago: i64) -> Result<(NewAttachment, Vec<u8>)> {
        let id = AttachmentId::new();
        let announce = |kind, name: String, mime: &str, caption: &str, bytes: &[u8]| {
            Ok::<_, anyhow::Error>(NewAttachment {
                id,
                kind,
                name,
                mime: mime.into(),
                bytes: i64::try_from(bytes.len())?,
                caption: caption.into(),
                captured_at: None,
                still_of: None,
            })
        };
        match sent {
            Sent::Clip(film) => {
                let bytes = fs::read(clips::make_recipe(&film.recipe(), self.clips)?)?;
                told.first_clip.get_or_insert((id, film));
                let mut new = announce(AttachmentKind::Clip, film.name.into(), "video/mp4", "", &bytes)?;
                new.captured_at = Some(self.clock.at(ago + 3));
                Ok((new, bytes))
            }
            Sent::Photo(film, caption) => {
                let bytes = fs::read(clips::make_photo(&film.recipe(), self.clips)?)?;
                let mut new =
                    announce(AttachmentKind::Photo, film.name.into(), "image/jpeg", caption, &bytes)?;
                new.captured_at = Some(self.clock.at(ago + 3));
                Ok((new, bytes))
            }
            Sent::Still(frame, caption) => {
                let (clip, film) = told.first_clip.context("there is no clip to take a still of")?;
                let recipe = film.recipe();
                let bytes = fs::read(clips::make_still(&recipe, *frame, self.clips)?)?;
                let name = format!("still-{frame}.jpg");
                let mut new = announce(AttachmentKind::Still, name, "image/jpeg", caption, &bytes)?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "seconds of a short clip, in microseconds"
                )]
                let at = Micros((recipe.timing.seconds(*frame) * 1e6).round() as i64);
                new.still_of = Some(StillOf { clip, frame: u32::from(*frame), at });
                Ok((new, bytes))
            }
        }
    }
}

impl<'c> Told<'c> {
    fn new(number: usize, case: &'c Case) -> Self {
        let (client, patient, id) = (ClientId::new(), PatientId::new(), ConversationId::new());
        Self { case, number, client, patient, id, phone: None, first_clip: None }
    }

    fn path(&self) -> String {
        format!("/v1/conversations/{}", self.id)
    }

    fn card(&self) -> ConversationCard {
        ConversationCard {
            id: self.id,
            client: self.case.owner.name.into(),
            patient: self.case.animal.name.into(),
            subject: self.case.subject.into(),
        }
    }
}
