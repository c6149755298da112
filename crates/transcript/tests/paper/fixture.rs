//! One believable conversation with one of everything.

use std::{collections::BTreeMap, sync::Mutex};

use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, AttachmentState, Audience, Author, Client, ClipFacts,
    Conversation, ConversationState, Ending, Message, Micros, Millis, Patient, Practice, Role, Sex,
    StaffMember, StillOf,
};
use limpet_transcript::{Language, Picture, Transcript};
use limpet_wire::desk::{Delivery, ThreadMessage};

/// 2026-11-20 13:14:00 UTC.
const START: i64 = 1_795_180_440_000;
const MINUTE: i64 = 60_000;

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(number: u64) -> T {
    format!("019a8d00-0000-7000-8000-{number:012x}").parse().unwrap()
}

/// A picture with edges and gradients, as a camera makes them. Drawn once for each size.
fn picture(width: u32, height: u32) -> Picture {
    static DRAWN: Mutex<BTreeMap<(u32, u32), Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut drawn = DRAWN.lock().unwrap();
    let rgb = drawn.entry((width, height)).or_insert_with(|| draw(width, height));
    Picture::Rgb { width, height, rgb: rgb.clone() }
}

fn draw(width: u32, height: u32) -> Vec<u8> {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (x * 255 / width, y * 255 / height);
            let dog =
                (u > 90 && u < 170 && v > 110 && v < 150) || ((150..210).contains(&v) && (u / 8) % 6 == 0);
            let pixel = if dog { [90, 60, 40] } else { [200 - v / 3, 205 - v / 4, 190 - u / 5] };
            rgb.extend(pixel.map(|c| u8::try_from(c).unwrap()));
        }
    }
    rgb
}

/// Words that differ from number to number.
pub fn words_from(number: i64) -> String {
    let words = ["He", "limps", "on", "the", "left", "hind", "leg", "after", "every", "walk"];
    let count = usize::try_from(number * 7 % 60).unwrap();
    words.iter().cycle().take(count).copied().collect::<Vec<_>>().join(" ")
}

fn attachment(number: u64, message: u64, kind: AttachmentKind, name: &str) -> Attachment {
    let at = START + i64::try_from(message).unwrap() * 11 * MINUTE;
    Attachment {
        id: id(0xa00 + number),
        conversation: id(1),
        message: id(0x100 + message),
        kind,
        name: name.into(),
        mime: match kind {
            AttachmentKind::Clip => "video/quicktime",
            AttachmentKind::Document => "application/pdf",
            AttachmentKind::Photo | AttachmentKind::Still => "image/jpeg",
        }
        .into(),
        bytes: 12_412_310,
        state: AttachmentState::Ready,
        sha256: Some(format!("{number:02x}").repeat(32)),
        clip: None,
        still_of: None,
        caption: String::new(),
        captured_at: Some(Millis(at - 40 * MINUTE)),
        uploaded_at: Some(Millis(at + 2 * MINUTE)),
        link: Some(format!("https://chat.hillside.example/m/Zk3v9QmR7xTn2LwP5sYb8cHd{number:02}")),
        has_poster: true,
        has_rendition: kind == AttachmentKind::Clip,
    }
}

fn message(number: u64, author: Author, body: &str, attachments: Vec<Attachment>) -> ThreadMessage {
    let at = Millis(START + i64::try_from(number).unwrap() * 11 * MINUTE);
    ThreadMessage {
        message: Message {
            id: id(0x100 + number),
            conversation: id(1),
            author,
            audience: Audience::Everyone,
            automatic: false,
            body: body.into(),
            attachments: attachments.iter().map(|a| a.id).collect(),
            sent_at: at,
            received_at: at,
            mentions: Vec::new(),
            due_at: None,
            edited_at: None,
            deleted_at: None,
        },
        author: String::new(),
        attachments,
        delivery: Delivery::Read,
    }
}

fn staff(number: u64, name: &str, role: Role) -> StaffMember {
    StaffMember { id: id(number), name: name.into(), role, email: String::new(), active: true }
}

fn thread() -> (Vec<ThreadMessage>, BTreeMap<AttachmentId, Picture>) {
    let (owner, vet, desk) = (Author::Client(id(20)), Author::Staff(id(30)), Author::Staff(id(31)));
    let mut walk = attachment(1, 0, AttachmentKind::Clip, "IMG_4471.MOV");
    walk.clip = Some(ClipFacts {
        duration: Micros(41_400_000),
        width: 1080,
        height: 1920,
        frames: 1230,
        missing: Micros(0),
        audio: true,
    });
    let mut stairs = attachment(2, 2, AttachmentKind::Clip, "stairs.mp4");
    stairs.state = AttachmentState::Uploading { received: 4_200_000 };
    (stairs.sha256, stairs.link, stairs.uploaded_at, stairs.captured_at) = (None, None, None, None);
    let photo = attachment(3, 2, AttachmentKind::Photo, "paw, the left one, from below.jpg");
    let still = |number, frame: u32, caption: &str| {
        let mut still =
            attachment(number, 4, AttachmentKind::Still, &format!("IMG_4471 frame {}.png", frame + 1));
        let at = Micros(i64::from(frame) * 33_333);
        still.still_of = Some(StillOf { clip: id(0xa01), frame, at });
        still.caption = caption.into();
        still
    };
    let stills = vec![
        still(4, 372, "Hillside Veterinary Practice · Biscuit · Ana Ruiz-Ortega · 20 Nov 2026 · 0:12.400"),
        still(5, 401, "Toe-off: the left hock stays flexed, weight on the right."),
        still(6, 433, ""),
        still(7, 460, "Landing"),
    ];
    let mut leaflet = attachment(8, 6, AttachmentKind::Document, "Exercise plan after cruciate strain.pdf");
    leaflet.bytes = 88_120;
    let mut pictures: BTreeMap<_, _> = stills.iter().map(|still| (still.id, picture(480, 540))).collect();
    pictures.insert(walk.id, picture(270, 480));
    pictures.insert(photo.id, picture(480, 360));

    let mut note = message(
        3,
        desk,
        "Compare with the clip of March. Ask Dr Okafor whether the insurer wants a second opinion before the X-ray.",
        vec![],
    );
    note.message.audience = Audience::Staff;
    let mut late = message(
        5,
        owner,
        "Thank you! He’s eating well, 2 × 100 g… and the tablets “as told”. See https://example.org/forum?thread=limping-after-walks&page=2",
        vec![],
    );
    late.message.received_at = Millis(late.message.sent_at.0 + 95 * MINUTE);
    let mut last = message(7, vet, "Good. Come in on Monday at 9:00 if it is not better by then.", vec![]);
    last.delivery = Delivery::Delivered;
    let messages = vec![
        message(
            0,
            owner,
            "Good morning,\nBiscuit does it again. He limps after the walk, but not before, and only on the left hind leg. By the time we are at your door it is always gone, so I filmed it.\n\nAna",
            vec![walk],
        ),
        message(1, desk, "Thank you, Ana, the clip has arrived. Dr Okafor looks at it before noon.", vec![]),
        message(2, owner, "Here is one on the stairs, and his paw.", vec![stairs, photo]),
        note,
        message(4, vet, "Looks like the left stifle, not the paw. These are the frames I mean.", stills),
        late,
        message(6, vet, "Ten days on the lead, no stairs, no ball. The plan is attached.", vec![leaflet]),
        last,
        message(8, Author::System, "Dr Ifeoma Okafor ended the conversation.", vec![]),
    ];
    (messages, pictures)
}

/// The conversation about Biscuit.
pub fn conversation() -> Transcript {
    let (messages, pictures) = thread();
    Transcript {
        practice: Practice {
            id: id(10),
            name: "Hillside Veterinary Practice".into(),
            address: "412 Orchard Hill Road\nBurlington, VT 05401".into(),
            phone: "+1 802 555 0142".into(),
            time_zone: "America/New_York".into(),
            settings: Box::default(),
        },
        logo: None,
        client: Client {
            id: id(20),
            name: "Ana Ruiz-Ortega".into(),
            email: "ana@example.org".into(),
            phone: "+1 802 555 0199".into(),
            address: "7 Mill Lane\nWinooski, VT 05404".into(),
            pms_id: "C-2210".into(),
        },
        patient: Patient {
            id: id(21),
            client: id(20),
            name: "Biscuit".into(),
            species: "Dog".into(),
            breed: "Beagle".into(),
            sex: Sex::MaleNeutered,
            born: "2017-07-04".into(),
            colour: "tricolour, white blaze".into(),
            weight_kg: Some(12.4),
            alert: "Penicillin".into(),
            pms_id: "88231".into(),
        },
        conversation: Conversation {
            id: id(1),
            client: id(20),
            patient: id(21),
            subject: "Limps on the left hind leg after walks".into(),
            state: ConversationState::Ended,
            urgent: false,
            assignee: Some(id(30)),
            department: None,
            tags: Vec::new(),
            opened_at: Millis(START),
            waiting_since: None,
            escalated_at: None,
            snooze: None,
            read_by_staff: Millis(START),
            delivered_to_client: Millis(0),
            read_by_client: Millis(START),
            ending: Some(Ending {
                at: Millis(START + 90 * MINUTE),
                by: id(30),
                summary: "Intermittent lameness of the left hind leg after exercise, grade 2 of 5. On the clip the left stifle is held flexed at toe-off (frames 373 to 461); the paw is sound. No heat or swelling reported.".into(),
                plan: "Ten days of rest on the lead, meloxicam 0.1 mg/kg once a day with food for five days. Examination with drawer test and X-ray on Monday if it is not better. The owner knows the signs that would bring her in at once.".into(),
            }),
        },
        staff: vec![
            staff(31, "Tom Beck", Role::FrontDesk),
            staff(30, "Dr Ifeoma Okafor", Role::Veterinarian),
            staff(32, "Lena Fox", Role::Technician),
        ],
        messages,
        pictures,
        include_notes: false,
        language: Language::English,
        version: 1,
        generated_at: Millis(START + 92 * MINUTE),
    }
}
