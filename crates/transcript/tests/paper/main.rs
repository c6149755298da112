//! The PDF as other programs read it: poppler's `pdftotext`, `pdfinfo` and `pdfimages`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

mod fixture;
mod poppler;

use std::collections::BTreeMap;

use fixture::{conversation, words_from};
use limpet_model::{Audience, Millis};
use limpet_transcript::{Language, Picture, transcript};
use limpet_wire::desk::Delivery;
use poppler::Paper;
use proptest::prelude::*;

#[test]
fn the_whole_conversation_reads_as_it_was_written() {
    let paper = Paper::of("whole", &conversation());
    insta::assert_snapshot!("whole", paper.text());
}

#[test]
fn spanish_letters_and_words() {
    let mut input = conversation();
    input.language = Language::Spanish;
    input.practice.name = "Clínica Veterinaria Peñagrande".into();
    input.patient.name = "Ñoño".into();
    let text = Paper::of("spanish", &input).text();
    for words in ["Clínica Veterinaria Peñagrande", "Ñoño", "Transcripción de la conversación", "Página 1 de"]
    {
        assert!(text.contains(words), "{words} is missing");
    }
    assert!(!text.contains("Patient"));
}

#[test]
fn the_letterhead_has_the_practices_logo_and_its_further_lines() {
    let mut input = conversation();
    let plain = Paper::of("plain", &input);
    input.practice.settings.letterhead = "Registered practice 4711\nOpen all night".into();
    input.logo = Some(Picture::Rgb { width: 300, height: 100, rgb: vec![90; 300 * 100 * 3] });
    let paper = Paper::of("logo", &input);
    let text = paper.text();
    for words in
        ["Registered practice 4711", "Open all night", "Hillside Veterinary Practice", "412 Orchard Hill"]
    {
        assert!(text.contains(words), "{words} is missing");
    }
    assert_eq!(paper.images().len(), plain.images().len() + 1);
}

#[test]
fn notes_appear_only_when_asked_for() {
    let mut input = conversation();
    let note = input.messages.iter().find(|m| m.message.audience == Audience::Staff).unwrap();
    let words = note.message.body.split_whitespace().next().unwrap().to_owned();
    assert!(!Paper::of("without-notes", &input).text().contains(&words));
    input.include_notes = true;
    let text = Paper::of("with-notes", &input).text();
    assert!(text.contains(&words));
    assert!(text.contains("Internal note, not seen by the client"));
    assert!(text.contains("Not for the client."), "the reader is not warned");
}

#[test]
fn every_link_is_live() {
    let input = conversation();
    let links = Paper::of("links", &input).links();
    for attachment in input.messages.iter().flat_map(|m| &m.attachments) {
        if let Some(link) = &attachment.link {
            assert!(links.contains(link), "{link} cannot be opened");
        }
    }
    assert!(links.iter().all(|link| link.starts_with("https://")), "a message's words became a link");
}

#[test]
fn the_file_says_what_it_is() {
    let input = conversation();
    let facts = Paper::of("facts", &input).facts();
    assert_eq!(facts["Author"], input.practice.name);
    assert_eq!(facts["Subject"], input.conversation.subject);
    assert!(facts["Title"].contains("Biscuit"));
    assert!(facts["Keywords"].contains(&input.conversation.id.to_string()));
    assert_eq!(facts["Page size"], "612 x 792 pts (letter)");
}

#[test]
fn the_same_input_gives_the_same_bytes_and_another_version_does_not() {
    let mut input = conversation();
    let first = transcript(&input).unwrap();
    assert_eq!(first, transcript(&input).unwrap());
    input.version = 2;
    assert_ne!(first, transcript(&input).unwrap());
}

#[test]
fn pictures_are_jpegs_no_finer_than_paper_shows() {
    let mut input = conversation();
    let still = *input.pictures.keys().next_back().unwrap();
    input.pictures.insert(still, Picture::Rgb { width: 2880, height: 1620, rgb: vec![90; 2880 * 1620 * 3] });
    let paper = Paper::of("pictures", &input);
    let images = paper.images();
    assert_eq!(images.len(), input.pictures.len() + 3, "three stills are shown twice");
    for image in images {
        assert_eq!(image.encoding, "jpeg");
        let most = if image.page == 1 { 230 } else { 201 };
        assert!(image.dots_per_inch.iter().all(|dots| *dots <= most), "{image:?}");
        assert!(image.pixels.0 <= 528 && image.pixels.1 <= 473, "{image:?}");
    }
    assert!(paper.bytes.len() < 400_000, "{} bytes", paper.bytes.len());
}

#[test]
fn what_is_missing_is_said_on_page_one() {
    let mut input = conversation();
    input.pictures =
        BTreeMap::from([(*input.pictures.keys().next().unwrap(), Picture::Encoded(b"no".to_vec()))]);
    input.messages[7].delivery = Delivery::Queued;
    input.practice.time_zone = "Nowhere/Land".into();
    let front = Paper::of("missing", &input).page(1);
    assert!(front.contains("Missing when this was made"));
    for words in [
        "Clip stairs.mp4 (sent",
        "not completely arrived when this was made",
        "no picture at hand",
        "A message had not reached the server",
        "All times are UTC.",
    ] {
        assert!(front.contains(words), "{words} is missing from\n{front}");
    }
}

#[test]
fn text_no_typeface_has_is_named_and_still_found() {
    let mut input = conversation();
    input.messages[0].message.body = "Er hinkt 👍 wieder 漢 ok Ж".into();
    let paper = Paper::of("odd", &input);
    assert!(paper.text().contains("Er hinkt 👍 wieder 漢 ok Ж"), "{}", paper.text());
}

#[test]
fn five_hundred_messages() {
    let mut input = conversation();
    let one = input.messages[0].clone();
    for number in 0..500_i64 {
        let mut next = one.clone();
        next.attachments.clear();
        next.message.body = format!("message number {number}. {}", words_from(number));
        next.message.sent_at = Millis(one.message.sent_at.0 + number * 60_000);
        next.message.received_at = next.message.sent_at;
        input.messages.push(next);
    }
    let paper = Paper::of("long", &input);
    let pages = paper.facts()["Pages"].parse::<usize>().unwrap();
    let text = paper.text();
    assert!(text.contains(&format!("Page {pages} of {pages}")));
    assert_eq!(text.matches('\u{c}').count(), pages);
    for number in 0..500 {
        assert!(text.contains(&format!("message number {number}.")), "message {number} is missing");
    }
    assert!(paper.bytes.len() < 1_000_000, "{} bytes", paper.bytes.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_anywhere_makes_a_sound_document(text in "(?s:.){0,120}", long in "[a-z0-9/]{0,300}") {
        let mut input = conversation();
        input.include_notes = true;
        input.pictures.clear();
        input.messages.truncate(4);
        for field in [
            &mut input.practice.name, &mut input.practice.address, &mut input.client.name, &mut input.client.address,
            &mut input.patient.name, &mut input.patient.born, &mut input.patient.alert,
            &mut input.conversation.subject,
        ] {
            field.clone_from(&text);
        }
        for entry in &mut input.messages {
            entry.message.body = format!("{long}{text}");
            entry.author.clone_from(&text);
            for attachment in &mut entry.attachments {
                attachment.name.clone_from(&long);
                attachment.caption = format!("{text}{text}{long}");
                attachment.sha256 = Some(text.clone());
            }
        }
        let bytes = transcript(&input).unwrap();
        let parsed = lopdf::Document::load_mem(&bytes).unwrap();
        let pages = parsed.get_pages().len();
        prop_assert!(pages >= 1);
        let last = parsed.extract_text(&[u32::try_from(pages).unwrap()]);
        let footer = format!("Page {pages} of {pages}");
        prop_assert!(last.is_ok_and(|text| text.contains(&footer)), "{footer} is not on the last page");
    }
}
