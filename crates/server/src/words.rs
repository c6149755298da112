//! What may be typed: lengths and shapes, each refusal with the sentence that says what fits.

mod practice;

use limpet_model::{AttachmentKind, Audience, Author, Client, Millis, Patient};
use limpet_wire::{
    Code,
    http::{
        ConversationChange, MESSAGE_LIMIT, MessageChange, NewAttachment, NewConversation, NewExport,
        NewMessage, NewStaff, StaffChange, UPLOAD_LIMIT,
    },
};

pub use self::practice::{check_listed, check_practice, check_template};

use crate::failure::{Answer, Problem};

/// Most attachments of one message.
const ATTACHMENTS_LIMIT: usize = 20;
/// Most colleagues that one note calls.
const MENTIONS_LIMIT: usize = 50;
/// Times a device may claim: any within what JavaScript counts exactly.
const TIME_LIMIT: i64 = 8_640_000_000_000_000;
/// Most tags of one conversation.
const TAGS_LIMIT: usize = 20;

fn at_most(what: &str, text: &str, most: usize) -> Answer<()> {
    if text.chars().count() > most {
        return Err(Problem::invalid(format!("{what} is too long: {most} characters at most.")));
    }
    if text.contains('\0') {
        return Err(Problem::invalid(format!("{what} holds a character that cannot be kept.")));
    }
    Ok(())
}

fn needed(what: &str, text: &str, most: usize) -> Answer<()> {
    if text.trim().is_empty() {
        return Err(Problem::invalid(format!("{what} is missing.")));
    }
    at_most(what, text, most)
}

fn time(at: Millis) -> Answer<()> {
    if (0..=TIME_LIMIT).contains(&at.0) {
        return Ok(());
    }
    Err(Problem::invalid("The device's clock gives an impossible time. Set its date and time."))
}

/// A client.
pub fn check_client(client: &Client) -> Answer<()> {
    needed("The client's name", &client.name, 200)?;
    at_most("The e-mail address", &client.email, 254)?;
    at_most("The telephone number", &client.phone, 100)?;
    at_most("The address", &client.address, 1000)?;
    at_most("The id in the practice management system", &client.pms_id, 100)
}

/// A change of a staff member.
pub fn check_staff(change: &StaffChange) -> Answer<()> {
    match &change.name {
        Some(name) => needed("The name", name, 200),
        None => Ok(()),
    }
}

/// A new staff member.
pub fn check_new_staff(new: &NewStaff) -> Answer<()> {
    needed("The name", &new.name, 200)?;
    check_email(&new.email)
}

/// An e-mail address that mail can be sent to.
pub fn check_email(email: &str) -> Answer<()> {
    needed("The e-mail address", email, 254)?;
    if email.trim().parse::<lettre::Address>().is_err() {
        return Err(Problem::invalid("That is not an e-mail address. Write it like ana@example.org."));
    }
    Ok(())
}

/// A patient.
pub fn check_patient(patient: &Patient) -> Answer<()> {
    needed("The patient's name", &patient.name, 200)?;
    at_most("The species", &patient.species, 100)?;
    at_most("The breed", &patient.breed, 200)?;
    at_most("The colour", &patient.colour, 200)?;
    at_most("The alert", &patient.alert, 1000)?;
    at_most("The id in the practice management system", &patient.pms_id, 100)?;
    if !is_born(&patient.born) {
        return Err(Problem::invalid("Write the date of birth as 2019, 2019-05 or 2019-05-31."));
    }
    match patient.weight_kg {
        Some(kg) if !(kg > 0.0 && kg < 100_000.0) => {
            Err(Problem::invalid("Write the weight in kilograms, for example 12.4."))
        }
        _ => Ok(()),
    }
}

fn is_born(text: &str) -> bool {
    let full = match text.len() {
        0 => return true,
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        10 => text.to_owned(),
        _ => return false,
    };
    full.parse::<jiff::civil::Date>().is_ok()
}

/// A new conversation.
pub fn check_conversation(new: &NewConversation) -> Answer<()> {
    needed("The reason", &new.subject, 300)?;
    time(new.opened_at)
}

/// A change to a conversation.
pub fn check_change(change: &ConversationChange) -> Answer<()> {
    at_most("The summary", change.summary.as_deref().unwrap_or_default(), MESSAGE_LIMIT)?;
    at_most("The plan", change.plan.as_deref().unwrap_or_default(), MESSAGE_LIMIT)?;
    if change.tags.as_ref().is_some_and(|tags| tags.len() > TAGS_LIMIT) {
        return Err(Problem::invalid(format!("A conversation has {TAGS_LIMIT} tags at most.")));
    }
    change.at.map_or(Ok(()), time)?;
    change.seen.map_or(Ok(()), time)?;
    let until = change.snooze.and_then(|snooze| snooze.to).and_then(|snooze| snooze.until);
    until.map_or(Ok(()), time)
}

/// Something that left Limpet.
pub fn check_export(new: &NewExport) -> Answer<()> {
    time(new.at)?;
    let is_hex = new.sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if new.sha256.len() == 64 && is_hex {
        return Ok(());
    }
    Err(Problem::invalid("The checksum is none: SHA-256 in lower-case hex is expected. Update the app."))
}

/// New words for a message.
pub fn check_words(change: &MessageChange) -> Answer<()> {
    at_most("The message", &change.body, MESSAGE_LIMIT)
}

/// A new message by this author, at a practice that takes files of up to `limit` bytes.
pub fn check_message(author: Author, new: &NewMessage, limit: i64) -> Answer<()> {
    if matches!(author, Author::Client(_)) && new.audience != Audience::Everyone {
        return Err(Problem::invalid("A note is for staff only. Send it as a message."));
    }
    if new.body.trim().is_empty() && new.attachments.is_empty() {
        return Err(Problem::invalid("The message is empty. Write something or add a clip."));
    }
    at_most("The message", &new.body, MESSAGE_LIMIT)?;
    time(new.sent_at)?;
    new.due_at.map_or(Ok(()), time)?;
    let to_client = new.audience == Audience::Everyone;
    if new.due_at.is_some() && (!to_client || !matches!(author, Author::Staff(_))) {
        return Err(Problem::invalid("Only a reply can be sent later. Send this now."));
    }
    if !new.mentions.is_empty() && to_client {
        return Err(Problem::invalid("Only a note can call a colleague. Write a note."));
    }
    if new.mentions.len() > MENTIONS_LIMIT {
        return Err(Problem::invalid(format!("Call at most {MENTIONS_LIMIT} colleagues with one note.")));
    }
    if new.attachments.len() > ATTACHMENTS_LIMIT {
        return Err(Problem::invalid(format!("Send at most {ATTACHMENTS_LIMIT} files with one message.")));
    }
    new.attachments.iter().try_for_each(|attachment| check_attachment(author, attachment, limit))?;
    let mut ids: Vec<_> = new.attachments.iter().map(|attachment| attachment.id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != new.attachments.len() {
        return Err(Problem::invalid("The same file is attached twice. Remove one of them."));
    }
    Ok(())
}

fn check_attachment(author: Author, new: &NewAttachment, limit: i64) -> Answer<()> {
    needed("The file's name", &new.name, 255)?;
    if new.name.contains(['/', '\\']) {
        return Err(Problem::invalid("A file's name cannot hold a slash. Rename the file."));
    }
    at_most("The file's type", &new.mime, 200)?;
    at_most("The caption", &new.caption, 1000)?;
    new.captured_at.map_or(Ok(()), time)?;
    check_size(new.bytes, limit)?;
    let still = new.kind == AttachmentKind::Still;
    if still != new.still_of.is_some() || (still && !matches!(author, Author::Staff(_))) {
        return Err(Problem::invalid(
            "A still is captured from a clip by staff. Send this picture as a photo.",
        ));
    }
    Ok(())
}

/// The size of a file, for a practice that takes files of up to `limit` bytes.
pub fn check_size(bytes: i64, limit: i64) -> Answer<()> {
    if bytes <= 0 {
        return Err(Problem::new(Code::BadClip, "The file is empty. Choose it again, or film it again."));
    }
    if bytes > limit.min(UPLOAD_LIMIT) {
        return Err(Problem::new(
            Code::TooLarge,
            format!(
                "The file is larger than {} MB. Send a shorter clip, or film at a lower resolution.",
                limit.min(UPLOAD_LIMIT) / (1024 * 1024)
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_birth_are_as_exact_as_people_know_them() {
        for good in ["", "2019", "2019-05", "2019-05-31", "2020-02-29"] {
            assert!(is_born(good), "{good}");
        }
        for bad in ["19", "May 2019", "2019-13", "2019-02-29", "2019-5-1", "2019-05-31T00:00", "ñ019"] {
            assert!(!is_born(bad), "{bad}");
        }
    }

    #[test]
    fn sizes_end_at_the_limit() {
        let code = |bytes, limit| check_size(bytes, limit).map_err(|problem| problem.failure().code);
        assert_eq!(code(UPLOAD_LIMIT, UPLOAD_LIMIT), Ok(()));
        assert_eq!(code(UPLOAD_LIMIT + 1, UPLOAD_LIMIT), Err(Code::TooLarge));
        assert_eq!(code(UPLOAD_LIMIT + 1, i64::MAX), Err(Code::TooLarge), "no practice takes more");
        assert_eq!(code(1025, 1024), Err(Code::TooLarge));
        assert_eq!(code(0, 1024), Err(Code::BadClip));
    }
}
