//! The page behind a media link, those about an account, and the one at the server's own address, in the reader's
//! language. All of them do what they have to without a script.
//!
//! **Invariant:** everything that a person typed goes through [`escape`] on its way into a page.

pub mod account;
mod home;
mod words;

use std::fmt::Write;

use jiff::{Timestamp, tz::TimeZone};
use limpet_model::{Attachment, AttachmentKind, AttachmentState, Millis, Practice};

use self::words::Words;
pub use self::{home::home, words::Language};

/// What a media page shows.
pub struct Shown {
    /// Whose letterhead.
    pub practice: Practice,
    /// The patient's name.
    pub patient: String,
    /// What the link is for.
    pub attachment: Attachment,
}

/// A file that pages use: its type and content.
pub fn asset(name: &str) -> Option<(&'static str, String)> {
    const TOKENS: &str = include_str!("../../../../ui/shared/tokens.css");
    const STYLE: &str = include_str!("media.css");
    const SCRIPT: &str = include_str!("account.js");
    const ICON: &str = include_str!("../../../../assets/icons/limpet.svg");
    match name {
        "media.css" => {
            // The fonts are the apps'; a page that is opened once does with the system's.
            let tokens: Vec<&str> = TOKENS.lines().filter(|line| !line.starts_with("@import")).collect();
            Some(("text/css; charset=utf-8", format!("{}\n{STYLE}", tokens.join("\n"))))
        }
        "account.js" => Some(("text/javascript; charset=utf-8", SCRIPT.to_owned())),
        "icon.svg" => Some(("image/svg+xml", ICON.to_owned())),
        _ => None,
    }
}

/// The page of an attachment.
pub fn media(language: Language, capability: &str, shown: &Shown) -> String {
    let words = language.words();
    let attachment = &shown.attachment;
    let base = format!("/m/{}", escape(capability));
    let on_its_way =
        matches!(attachment.state, AttachmentState::Uploading { .. } | AttachmentState::Processing);
    let refresh = if on_its_way { "<meta http-equiv=\"refresh\" content=\"5\">\n" } else { "" };
    let title = format!("{} · {}", kind_word(words, attachment.kind), shown.patient);
    let mut body = String::new();
    let _ = write!(
        body,
        "<header><p class=\"practice\">{}</p><h1>{}</h1><p class=\"when\">{}</p></header>\n<main>\n{}",
        escape(&shown.practice.name),
        escape(&shown.patient),
        escape(&when(language, shown)),
        picture(words, &base, attachment),
    );
    if !attachment.caption.is_empty() {
        let _ = writeln!(body, "<p class=\"caption\">{}</p>", escape(&attachment.caption));
    }
    body.push_str(&facts(words, &base, attachment));
    let _ = writeln!(body, "</main>\n<footer><p>{}</p></footer>", words.private);
    document(language, &title, refresh, &body)
}

/// The page for a link that opens nothing.
pub fn gone(language: Language) -> String {
    let words = language.words();
    notice(language, words.gone_title, words.gone)
}

/// The page for when something failed.
pub fn sorry(language: Language, message: &str) -> String {
    notice(language, language.words().sorry_title, message)
}

/// The page for an address that there is not.
pub fn lost(language: Language) -> String {
    let words = language.words();
    let body = format!(
        "<main class=\"form\"><p class=\"practice\">Limpet</p>\n<h1>{}</h1>\n<p>{}</p>\n\
         <p><a class=\"button quiet\" href=\"/\">{}</a></p>\n</main>\n",
        words.lost_title, words.lost, words.start,
    );
    document(language, words.lost_title, "", &body)
}

fn notice(language: Language, title: &str, message: &str) -> String {
    let body =
        format!("<main class=\"notice\"><h1>{}</h1><p>{}</p></main>\n", escape(title), escape(message));
    document(language, title, "", &body)
}

fn document(language: Language, title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{head}<title>{}</title>\n\
         <link rel=\"icon\" href=\"/m-assets/icon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/m-assets/media.css\">\n</head>\n<body>\n{body}</body>\n</html>\n",
        language.tag(),
        escape(title),
    )
}

fn picture(words: &Words, base: &str, attachment: &Attachment) -> String {
    let poster = if attachment.has_poster { format!(" poster=\"{base}/poster\"") } else { String::new() };
    match (&attachment.state, attachment.kind) {
        (AttachmentState::Refused { reason }, _) => {
            format!("<p class=\"state refused\">{} {}</p>\n", words.refused, escape(reason))
        }
        (_, AttachmentKind::Clip) if attachment.has_rendition => format!(
            "<video class=\"picture\" controls playsinline preload=\"metadata\"{poster}>\
             <source src=\"{base}/rendition\" type=\"video/mp4\">{}</video>\n",
            words.no_player,
        ),
        (AttachmentState::Uploading { .. } | AttachmentState::Processing, _) => {
            format!("<p class=\"state\" role=\"status\">{}</p>\n", words.on_its_way)
        }
        (_, AttachmentKind::Document) => {
            format!("<p class=\"state\">{}</p>\n", words.document_below)
        }
        _ if attachment.has_poster => {
            format!("<img class=\"picture\" src=\"{base}/poster\" alt=\"{}\">\n", escape(&attachment.caption))
        }
        _ => String::new(),
    }
}

fn facts(words: &Words, base: &str, attachment: &Attachment) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(rows, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    row(words.file, &escape(&attachment.name));
    if let Some(clip) = &attachment.clip {
        row(words.length, &length(clip.duration.0));
    }
    row(words.size, &size(attachment.bytes));
    if let Some(sha256) = &attachment.sha256 {
        row("SHA-256", &format!("<code>{}</code>", escape(sha256)));
    }
    let download = if attachment.sha256.is_some() {
        format!("<a class=\"button\" href=\"{base}/original\" download>{}</a>\n", words.download)
    } else {
        String::new()
    };
    format!("<dl>{rows}</dl>\n{download}")
}

fn kind_word(words: &Words, kind: AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::Clip => words.clip,
        AttachmentKind::Photo => words.photo,
        AttachmentKind::Still => words.still,
        AttachmentKind::Document => words.document,
    }
}

/// When it was filmed or, where nobody knows, when it arrived, in the practice's time zone.
fn when(language: Language, shown: &Shown) -> String {
    let words = language.words();
    let attachment = &shown.attachment;
    let (label, at) = match (attachment.captured_at, attachment.uploaded_at) {
        (Some(at), _) => (words.filmed, at),
        (None, Some(at)) => (words.arrived, at),
        (None, None) => return String::new(),
    };
    format!("{label} {}", local_time(language, at, &shown.practice.time_zone))
}

fn local_time(language: Language, at: Millis, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let Ok(at) = Timestamp::from_millisecond(at.0) else { return String::new() };
    let at = at.to_zoned(zone);
    let month = usize::try_from(at.month() - 1).ok();
    let month = month.and_then(|month| language.words().months.get(month)).copied().unwrap_or_default();
    language.date(at.day(), month, at.year(), &at.strftime("%H:%M %Z").to_string())
}

fn length(micros: i64) -> String {
    let seconds = (micros + 500_000).div_euclid(1_000_000);
    format!("{}:{:02}", seconds.div_euclid(60), seconds.rem_euclid(60))
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1_000_000 => format!("{} kB", (bytes + 999).div_euclid(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1_000_000.0),
    }
}

/// Text as HTML writes it, safe between tags and inside quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_becomes_markup() {
        assert_eq!(escape("<b a='1' b=\"2\">&"), "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;");
    }

    #[test]
    fn figures_read_as_people_say_them() {
        assert_eq!(length(41_400_000), "0:41");
        assert_eq!(length(61_500_000), "1:02");
        assert_eq!(size(999), "1 kB");
        assert_eq!(size(3_277_732), "3.3 MB");
    }

    #[test]
    fn times_are_the_practices() {
        let at = Millis(1_795_331_640_000);
        assert_eq!(local_time(Language::English, at, "Europe/Madrid"), "22 November 2026, 08:14 CET");
        assert_eq!(local_time(Language::Spanish, at, "UTC"), "22 de noviembre de 2026, 07:14 UTC");
    }

    #[test]
    fn the_style_stands_alone() {
        let (_, style) = asset("media.css").unwrap();
        assert!(!style.contains("@import"));
        assert!(style.contains("--accent:"));
        assert!(asset("../secret").is_none());
    }
}
