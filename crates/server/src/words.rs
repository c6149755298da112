//! What may be typed: lengths and shapes, each refusal with the sentence that says what fits.

mod practice;

use limpet_model::{AttachmentKind, Audience, Author, Client, Millis, Patient};
use limpet_wire::{
    Code,
    http::{
        ConversationChange, MessageChange, NewAttachment, NewConversation, NewExport, NewHold, NewMessage,
        NewStaff, ReadUpTo, StaffChange, UPLOAD_LIMIT,
    },
    integrations::{Event, NewToken, NewWebhook, Scope},
};

pub use self::practice::{check_listed, check_practice, check_template};
use crate::{
    failure::{Answer, Problem},
    limits::{
        ADDRESS, ALERT, ATTACHMENTS_LIMIT, BREED, CAPTION, COLOUR, EMAIL, EMAIL_NEEDED, FILE_NAME,
        MEDIA_TIME_LIMIT, MENTIONS_LIMIT, MIME, NAME, PHONE, PMS_ID, REASON, SPECIES, SUBJECT, TAGS_LIMIT,
        TIME_LIMIT, URL, WEIGHT_LIMIT, WEIGHT_MINIMUM, WORDS,
    },
};

fn time(at: Millis) -> Answer<()> {
    if (0..=TIME_LIMIT).contains(&at.0) {
        return Ok(());
    }
    Err(Problem::invalid("The device's clock gives an impossible time. Set its date and time."))
}

/// A read mark.
pub fn check_mark(up_to: ReadUpTo) -> Answer<()> {
    time(up_to.at)
}

/// A client, but for the e-mail address.
pub fn check_client(client: &Client) -> Answer<()> {
    NAME.check("The client's name", &client.name)?;
    PHONE.check("The telephone number", &client.phone)?;
    ADDRESS.check("The address", &client.address)?;
    PMS_ID.check("The id in the practice management system", &client.pms_id)
}

/// A client's e-mail address. One that was there before is no reason to refuse something else that changes.
pub fn check_client_email(client: &Client, before: Option<&Client>) -> Answer<()> {
    match before {
        Some(before) if before.email == client.email => Ok(()),
        _ => check_email_if_any(&client.email),
    }
}

/// A change of a staff member.
pub fn check_staff(change: &StaffChange) -> Answer<()> {
    change.name.as_ref().map_or(Ok(()), |name| NAME.check("The name", name))?;
    change.email.as_deref().map_or(Ok(()), check_email)
}

/// A token.
pub fn check_token(new: &NewToken) -> Answer<()> {
    NAME.check("The name", &new.name)?;
    if new.scopes.is_empty() || new.scopes.len() > Scope::ALL.len() {
        return Err(Problem::invalid("Say what the token is for: name its scopes, each once."));
    }
    new.expires_at.map_or(Ok(()), time)
}

/// A webhook; where it may be is another question.
pub fn check_webhook(new: &NewWebhook) -> Answer<()> {
    URL.check("The address", &new.url)?;
    if new.events.is_empty() || new.events.len() > Event::ALL.len() {
        return Err(Problem::invalid("Say what is to be told: name the events, each once."));
    }
    Ok(())
}

/// A new staff member.
pub fn check_new_staff(new: &NewStaff) -> Answer<()> {
    NAME.check("The name", &new.name)?;
    check_email(&new.email)
}

/// An e-mail address that mail can be sent to.
pub fn check_email(email: &str) -> Answer<()> {
    EMAIL_NEEDED.check("The e-mail address", email)?;
    if is_email(email) {
        return Ok(());
    }
    Err(Problem::invalid("That is not an e-mail address. Write it like ana@example.org."))
}

/// The e-mail address of somebody who need not have one.
fn check_email_if_any(email: &str) -> Answer<()> {
    EMAIL.check("The e-mail address", email)?;
    if email.trim().is_empty() || is_email(email) {
        return Ok(());
    }
    Err(Problem::invalid("The e-mail address is not one. Write it like ana@example.org, or leave it empty."))
}

fn is_email(text: &str) -> bool {
    text.trim().parse::<lettre::Address>().is_ok()
}

/// A patient.
pub fn check_patient(patient: &Patient) -> Answer<()> {
    NAME.check("The patient's name", &patient.name)?;
    SPECIES.check("The species", &patient.species)?;
    BREED.check("The breed", &patient.breed)?;
    COLOUR.check("The colour", &patient.colour)?;
    ALERT.check("The alert", &patient.alert)?;
    PMS_ID.check("The id in the practice management system", &patient.pms_id)?;
    if !is_born(&patient.born) {
        return Err(Problem::invalid("Write the date of birth as 2019, 2019-05 or 2019-05-31."));
    }
    match patient.weight_kg {
        // The least is what rounds to it.
        Some(kg) if !(WEIGHT_MINIMUM / 2.0..=WEIGHT_LIMIT).contains(&kg) => {
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
    SUBJECT.check("The reason", &new.subject)?;
    time(new.opened_at)
}

/// A change to a conversation.
pub fn check_change(change: &ConversationChange) -> Answer<()> {
    WORDS.check("The summary", change.summary.as_deref().unwrap_or_default())?;
    WORDS.check("The plan", change.plan.as_deref().unwrap_or_default())?;
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

/// A hold.
pub fn check_hold(new: &NewHold) -> Answer<()> {
    REASON.check("The reason", &new.reason)
}

/// New words for a message.
pub fn check_words(change: &MessageChange) -> Answer<()> {
    WORDS.check("The message", &change.body)
}

/// A new message by this author. How large its files may be at a practice, the store says.
pub fn check_message(author: Author, new: &NewMessage) -> Answer<()> {
    if matches!(author, Author::Client(_)) && new.audience != Audience::Everyone {
        return Err(Problem::invalid("A note is for staff only. Send it as a message."));
    }
    if new.body.trim().is_empty() && new.attachments.is_empty() {
        return Err(Problem::invalid("The message is empty. Write something or add a clip."));
    }
    WORDS.check("The message", &new.body)?;
    time(new.sent_at)?;
    new.due_at.map_or(Ok(()), time)?;
    let to_client = new.audience == Audience::Everyone;
    if new.due_at.is_some() && new.when_open {
        return Err(Problem::invalid(
            "Say either a time to send this at, or that it waits for the chat hours.",
        ));
    }
    if (new.due_at.is_some() || new.when_open) && (!to_client || !matches!(author, Author::Staff(_))) {
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
    new.attachments.iter().try_for_each(|attachment| check_attachment(author, attachment))?;
    let mut ids: Vec<_> = new.attachments.iter().map(|attachment| attachment.id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != new.attachments.len() {
        return Err(Problem::invalid("The same file is attached twice. Remove one of them."));
    }
    Ok(())
}

fn check_attachment(author: Author, new: &NewAttachment) -> Answer<()> {
    FILE_NAME.check("The file's name", &new.name)?;
    MIME.check("The file's type", &new.mime)?;
    CAPTION.check("The caption", &new.caption)?;
    new.captured_at.map_or(Ok(()), time)?;
    if new
        .still_of
        .as_ref()
        .is_some_and(|still| !(-MEDIA_TIME_LIMIT..=MEDIA_TIME_LIMIT).contains(&still.at.0))
    {
        return Err(Problem::invalid("A still's time lies outside of every clip. Capture it again."));
    }
    check_size(new.bytes)?;
    let still = new.kind == AttachmentKind::Still;
    if still != new.still_of.is_some() || (still && !matches!(author, Author::Staff(_))) {
        return Err(Problem::invalid(
            "A still is captured from a clip by staff. Send this picture as a photo.",
        ));
    }
    Ok(())
}

/// The size of a file, at whichever practice.
pub fn check_size(bytes: i64) -> Answer<()> {
    if bytes <= 0 {
        return Err(Problem::new(Code::BadClip, "The file is empty. Choose it again, or film it again."));
    }
    if bytes > UPLOAD_LIMIT {
        return Err(Problem::file_too_large(UPLOAD_LIMIT));
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
    fn a_client_has_an_email_address_or_none() {
        let email = |email: &str| check_email_if_any(email).is_ok();
        for good in ["", "ana@example.org", " ana@example.org ", "a.b+c@clínica.example", "o'neill@x"] {
            assert!(email(good), "{good}");
        }
        for bad in ["foo", "a@", "@b", "a b@c", "a@b c", "a@b@c", "a@x.org, b@x.org", "none"] {
            assert!(!email(bad), "{bad}");
        }
    }

    #[test]
    fn sizes_end_at_the_limit() {
        let code = |bytes| check_size(bytes).map_err(|problem| problem.failure().code);
        assert_eq!(code(UPLOAD_LIMIT), Ok(()));
        assert_eq!(code(UPLOAD_LIMIT + 1), Err(Code::TooLarge));
        assert_eq!(code(0), Err(Code::BadClip));
    }
}
