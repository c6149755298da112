//! How long, how large, how many: the limits of what may be typed. `words` enforces them and the document states them.

use limpet_wire::http::MESSAGE_LIMIT;
use serde_json::{Value, json};

use crate::failure::{Answer, Problem};

/// Most attachments of one message.
pub const ATTACHMENTS_LIMIT: usize = 20;
/// Most conversations that one request changes.
pub const BULK_LIMIT: usize = 200;
/// Most colleagues that one note calls.
pub const MENTIONS_LIMIT: usize = 50;
/// Most tags of one conversation, or of one template.
pub const TAGS_LIMIT: usize = 20;
/// Languages that anything is written in.
pub const LANGUAGES_LIMIT: usize = 20;
/// Most spans of one day's hours.
pub const SPANS_LIMIT: usize = 8;
/// Most days that are unlike their weekday.
pub const DAYS_LIMIT: usize = 400;
/// Smallest limit of a file that a practice may set, bytes.
pub const UPLOAD_LIMIT_MINIMUM: i64 = 1024 * 1024;
/// Most years that anything is kept.
pub const YEARS_LIMIT: u32 = 100;
/// Most minutes that a client may wait before anybody is told: a week.
pub const ESCALATE_LIMIT: u32 = 7 * 24 * 60;
/// Times a device may claim: any within what JavaScript counts exactly.
pub const TIME_LIMIT: i64 = 8_640_000_000_000_000;
/// Times within a clip, in microseconds either way: the same.
pub const MEDIA_TIME_LIMIT: i64 = 9_007_199_254_740_991;
/// The least weight that is kept, kilograms.
pub const WEIGHT_MINIMUM: f64 = 0.000_001;
/// The largest weight, kilograms.
pub const WEIGHT_LIMIT: f64 = 99_999.0;

/// A date of birth as exact as people know it, written as a pattern: empty, a year, a month or a day that there was.
pub const BORN: &str = "^(|[0-9]{4}|[0-9]{4}-(0[1-9]|1[0-2])|[0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|\
     [0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])|\
     ([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$";

/// A language tag, written as a pattern: letters, then groups of letters and digits.
pub const LANGUAGE: &str = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$";

/// What a text may be.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Characters.
    most: usize,
    needed: bool,
    without_slashes: bool,
    one_line: bool,
}

impl Text {
    const fn at_most(most: usize) -> Self {
        Self { most, needed: false, without_slashes: false, one_line: false }
    }

    /// One that is more than blanks.
    pub const fn needed(most: usize) -> Self {
        Self { needed: true, ..Self::at_most(most) }
    }

    /// Whether a text is so, or the sentence that says how it has to be.
    pub fn check(self, what: &str, text: &str) -> Answer<()> {
        if self.needed && text.trim().is_empty() {
            return Err(Problem::invalid(format!("{what} is missing.")));
        }
        if text.chars().count() > self.most {
            return Err(Problem::invalid(format!("{what} is too long: {} characters at most.", self.most)));
        }
        if text.contains('\0') {
            return Err(Problem::invalid(format!("{what} holds a character that cannot be kept.")));
        }
        if self.without_slashes && text.contains(['/', '\\']) {
            return Err(Problem::invalid(format!("{what} cannot hold a slash.")));
        }
        if self.one_line && text.contains(char::is_control) {
            return Err(Problem::invalid(format!("{what} has to be one line.")));
        }
        Ok(())
    }

    /// The same, as a schema says it.
    pub fn bounds(self) -> Value {
        let slashes = if self.without_slashes { "/\\\\" } else { "" };
        let control = if self.one_line { "-\\x1f\\x7f-\\x9f" } else { "" };
        let any = format!("[^\\x00{control}{slashes}]*");
        if !self.needed {
            return json!({ "maxLength": self.most, "pattern": format!("^{any}$") });
        }
        json!({
            "minLength": 1,
            "maxLength": self.most,
            "pattern": format!("^{any}[^\\s\\x00{control}{slashes}]{any}$"),
        })
    }
}

/// The name of somebody, one line: it stands in mails, and nobody begins a paragraph of their own there.
pub const NAME: Text = Text { one_line: true, ..Text::needed(200) };
/// An e-mail address.
pub const EMAIL: Text = Text::at_most(254);
/// One that mail can be sent to.
pub const EMAIL_NEEDED: Text = Text::needed(254);
/// A telephone number.
pub const PHONE: Text = Text::at_most(100);
/// A postal address.
pub const ADDRESS: Text = Text::at_most(1000);
/// An id in the practice management system.
pub const PMS_ID: Text = Text::at_most(100);
/// A species.
pub const SPECIES: Text = Text::at_most(100);
/// A breed.
pub const BREED: Text = Text::at_most(200);
/// A coat.
pub const COLOUR: Text = Text::at_most(200);
/// What everybody must see first.
pub const ALERT: Text = Text::at_most(1000);
/// The address of a webhook.
pub const URL: Text = Text::needed(2000);
/// The lines of a letterhead.
pub const LETTERHEAD: Text = Text::at_most(1000);
/// What clients read while nobody answers.
pub const OFFLINE_WORDS: Text = Text::needed(1000);
/// An automatic reply.
pub const REPLY: Text = Text::needed(2000);
/// What clients are asked to consent to.
pub const CONSENT: Text = Text::needed(20_000);
/// The name of a department or a tag.
pub const LABEL: Text = Text::needed(100);
/// The words of a template.
pub const TEMPLATE: Text = Text::needed(MESSAGE_LIMIT);
/// The reason of a conversation.
pub const SUBJECT: Text = Text::needed(300);
/// Why something is on hold.
pub const REASON: Text = Text::needed(1000);
/// What somebody writes: a message, a summary, a plan.
pub const WORDS: Text = Text::at_most(MESSAGE_LIMIT);
/// The name of a file.
pub const FILE_NAME: Text = Text { without_slashes: true, ..Text::needed(255) };
/// A media type as its sender knows it.
pub const MIME: Text = Text::at_most(200);
/// What stands under a file.
pub const CAPTION: Text = Text::at_most(1000);
