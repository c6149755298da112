//! Sheets become a PDF file.
//!
//! **Invariant:** nothing in the file comes from a clock or from chance: its id is made of the conversation, the
//! version and the time that were given.

use std::collections::BTreeMap;

use limpet_model::Millis;
use lopdf::{Dictionary, Object, ObjectId, StringFormat};
use printpdf::{
    DictItem, ExternalStream, ExternalXObject, OffsetDateTime, PdfDocument, PdfPage, PdfSaveOptions, Pt,
    Rect, XObject,
};

use crate::{
    TranscriptError,
    ink::{operations, picture_id},
    layout::{Layout, TOP},
    picture::Shown,
    sheet::{Mark, Sheet},
    typeset::fonts,
};

/// The PDF of these sheets.
pub(crate) fn document(layout: &Layout<'_>, sheets: &[Sheet]) -> Result<Vec<u8>, TranscriptError> {
    let mut pdf = PdfDocument::new("");
    describe(layout, &mut pdf)?;
    pdf.resources.fonts.map = fonts(&layout.faces, sheets)?;
    let pictured = sheets.iter().flat_map(|sheet| &sheet.marks).filter_map(|mark| match mark {
        Mark::Picture { id, .. } => Some(*id),
        _ => None,
    });
    for id in pictured {
        if let Some(shown) = layout.pictures.get(id) {
            pdf.resources.xobjects.map.entry(picture_id(id)).or_insert_with(|| picture(shown));
        }
    }
    let paper = Rect::from_wh(Pt(layout.paper.0), Pt(layout.paper.1));
    let page = |sheet| PdfPage {
        media_box: paper.clone(),
        trim_box: paper.clone(),
        crop_box: paper.clone(),
        ops: operations(sheet, layout.paper),
    };
    pdf.pages = sheets.iter().map(page).collect();

    let mut warnings = Vec::new();
    let mut file = printpdf::to_lopdf_doc(&pdf, &PdfSaveOptions::default(), &mut warnings);
    if let Some(fault) = warnings.iter().find(|w| w.severity == printpdf::PdfParseErrorSeverity::Error) {
        return Err(TranscriptError::Document(fault.msg.clone()));
    }
    finish(layout, sheets, &mut file).map_err(|error| TranscriptError::Document(error.to_string()))?;
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(|error| TranscriptError::Document(error.to_string()))?;
    Ok(bytes)
}

fn describe(layout: &Layout<'_>, pdf: &mut PdfDocument) -> Result<(), TranscriptError> {
    let input = layout.input;
    let made = made(input.generated_at)?;
    let info = &mut pdf.metadata.info;
    info.document_title = format!(
        "{}: {}, {}, {}",
        layout.words.title(),
        input.patient.name,
        input.client.name,
        layout.when.day(input.conversation.opened_at)
    );
    info.author.clone_from(&input.practice.name);
    info.subject.clone_from(&input.conversation.subject);
    info.keywords =
        [input.conversation.id.to_string(), input.patient.pms_id.clone(), input.client.pms_id.clone()]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
    info.creator = format!("Limpet {}", env!("CARGO_PKG_VERSION"));
    info.producer = String::from("printpdf");
    info.identifier = input.conversation.id.to_string();
    info.creation_date = made;
    info.modification_date = made;
    info.metadata_date = made;
    Ok(())
}

fn made(at: Millis) -> Result<OffsetDateTime, TranscriptError> {
    OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000))
        .map_err(|_| TranscriptError::Document("the time it is made at is not a time".to_owned()))
}

fn picture(shown: &Shown) -> XObject {
    let name = |text: &str| DictItem::Name(text.as_bytes().to_vec());
    let dict = BTreeMap::from([
        ("Type".to_owned(), name("XObject")),
        ("Subtype".to_owned(), name("Image")),
        ("Width".to_owned(), DictItem::Int(i64::from(shown.width))),
        ("Height".to_owned(), DictItem::Int(i64::from(shown.height))),
        ("ColorSpace".to_owned(), name("DeviceRGB")),
        ("BitsPerComponent".to_owned(), DictItem::Int(8)),
        ("Filter".to_owned(), name("DCTDecode")),
    ]);
    let stream = ExternalStream { dict, content: shown.jpeg.clone(), compress: false };
    XObject::External(ExternalXObject { stream, width: None, height: None, dpi: None })
}

/// What printpdf leaves out or leaves to chance: the file's id, its language, its title bar, the outline.
fn finish(layout: &Layout<'_>, sheets: &[Sheet], file: &mut lopdf::Document) -> lopdf::Result<()> {
    file.version = String::from("1.7");
    let conversation = layout.input.conversation.id.as_bytes().to_vec();
    let mut this = u128::from_be_bytes(*layout.input.conversation.id.as_bytes());
    this ^= u128::from(layout.input.generated_at.0.unsigned_abs()) << 8 ^ u128::from(layout.input.version);
    let id = |bytes: Vec<u8>| Object::String(bytes, StringFormat::Hexadecimal);
    file.trailer.set("ID", vec![id(conversation), id(this.to_be_bytes().to_vec())]);

    let pages: Vec<ObjectId> = file.get_pages().into_values().collect();
    let outline = outline(layout, sheets, &pages, file);
    let catalog = file.catalog_mut()?;
    catalog.set("Lang", Object::string_literal(layout.input.language.tag()));
    catalog.set("ViewerPreferences", Dictionary::from_iter([("DisplayDocTitle", Object::Boolean(true))]));
    if let Some(outline) = outline {
        catalog.set("Outlines", outline);
        catalog.set("PageMode", "UseOutlines");
    }
    Ok(())
}

/// A heading in the outline.
struct Heading<'a> {
    title: &'a str,
    depth: u8,
    page: ObjectId,
    /// Points from the bottom of the page.
    y: f32,
    id: ObjectId,
}

/// The outline: headings, and below them the clips.
fn outline(
    layout: &Layout<'_>,
    sheets: &[Sheet],
    pages: &[ObjectId],
    file: &mut lopdf::Document,
) -> Option<ObjectId> {
    let mut headings = Vec::new();
    for (sheet, page) in sheets.iter().zip(pages) {
        for mark in &sheet.marks {
            if let Mark::Place { y, title, depth } = mark {
                let y = layout.paper.1 - TOP - y + 8.0;
                headings.push(Heading { title, depth: *depth, page: *page, y, id: file.new_object_id() });
            }
        }
    }
    let root = file.new_object_id();
    let (first, last) = siblings(&headings, root, file)?;
    let mut dict =
        Dictionary::from_iter([("Type", "Outlines".into()), ("First", first.into()), ("Last", last.into())]);
    dict.set("Count", i64::try_from(headings.len()).unwrap_or(0));
    file.set_object(root, dict);
    Some(root)
}

/// Writes headings of one depth, each followed by those below it; gives the first and the last.
fn siblings(
    headings: &[Heading<'_>],
    parent: ObjectId,
    file: &mut lopdf::Document,
) -> Option<(ObjectId, ObjectId)> {
    let depth = headings.first()?.depth;
    let groups: Vec<&[Heading<'_>]> = headings.chunk_by(|_, next| next.depth > depth).collect();
    let ids: Vec<ObjectId> =
        groups.iter().filter_map(|group| group.first()).map(|heading| heading.id).collect();
    for (index, group) in groups.iter().enumerate() {
        let Some((heading, below)) = group.split_first() else { continue };
        let mut dict = Dictionary::new();
        dict.set("Title", lopdf::text_string(heading.title));
        dict.set("Parent", parent);
        let place = [heading.page.into(), "XYZ".into(), Object::Null, Object::Real(heading.y), Object::Null];
        dict.set("Dest", place.to_vec());
        if let Some(before) = index.checked_sub(1).and_then(|before| ids.get(before)) {
            dict.set("Prev", *before);
        }
        if let Some(next) = ids.get(index + 1) {
            dict.set("Next", *next);
        }
        if let Some((first, last)) = siblings(below, heading.id, file) {
            dict.set("First", first);
            dict.set("Last", last);
            dict.set("Count", i64::try_from(below.len()).unwrap_or(0));
        }
        file.set_object(heading.id, dict);
    }
    ids.first().copied().zip(ids.last().copied())
}
