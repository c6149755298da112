//! What pages about an account are made of: whose they are, fields, things to copy, a QR code.
//!
//! **Invariant:** everything that a person typed goes through [`escape`].

use std::fmt::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use qrcode::{Color, EcLevel, QrCode};

use super::words::Words;
use crate::{pages::escape, secrets::PASSWORD_MAXIMUM};

/// Whose page it is.
#[derive(Debug, Clone, Default)]
pub struct Letterhead {
    /// The practice's name.
    pub practice: String,
    /// Its logo, a PNG of ours. It stands in the page itself: whoever has only a link may ask for no other file.
    pub logo: Option<Vec<u8>>,
}

/// The practice or, where nobody knows which, Limpet.
pub(super) fn letterhead(of: Option<&Letterhead>) -> String {
    let Some(Letterhead { practice, logo }) = of else { return "<p class=\"practice\">Limpet</p>\n".into() };
    let mut head = String::from("<div class=\"letterhead\">");
    if let Some(logo) = logo {
        let _ = write!(
            head,
            "<img class=\"logo\" alt=\"\" src=\"data:image/png;base64,{}\">",
            STANDARD.encode(logo)
        );
    }
    let _ = writeln!(head, "<p class=\"practice\">{}</p></div>", escape(practice));
    head
}

/// What the form sends back as it is.
pub(super) fn kept(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value))
}

/// Where a password is typed. It is never sent back, and nothing of it may be cut off unseen.
pub(super) fn password_field(label: &str, name: &str, complete: &str) -> String {
    format!(
        "<label>{label}<input name=\"{name}\" type=\"password\" autocomplete=\"{complete}\" required \
         maxlength=\"{PASSWORD_MAXIMUM}\"></label>\n"
    )
}

/// Where an address is typed, with what was typed there before.
pub(super) fn address_field(label: &str, typed: &str) -> String {
    format!(
        "<label>{label}<input name=\"email\" type=\"email\" autocomplete=\"username\" required maxlength=\"300\" \
         value=\"{}\"></label>\n",
        escape(typed)
    )
}

/// Where the code of an app is typed.
pub(super) fn code_field(label: &str) -> String {
    format!(
        "<label>{label}<input class=\"code\" name=\"code\" type=\"text\" autocomplete=\"one-time-code\" \
         inputmode=\"numeric\" required maxlength=\"20\"></label>\n"
    )
}

/// Whose account it is, for people and for whatever keeps their passwords.
pub(super) fn own_address(label: &str, email: &str) -> String {
    format!(
        "<label>{label}<input name=\"email\" type=\"email\" autocomplete=\"username\" readonly value=\"{}\"></label>\n",
        escape(email)
    )
}

/// The same for what keeps passwords only.
pub(super) fn unseen_address(email: &str) -> String {
    format!(
        "<input class=\"unseen\" name=\"email\" type=\"email\" autocomplete=\"username\" readonly value=\"{}\" \
         tabindex=\"-1\" aria-hidden=\"true\">\n",
        escape(email)
    )
}

/// Buttons that copy a text and, if wanted, print the page. They show themselves when the script is there.
pub(super) fn actions(words: &Words, text: &str, prints: bool) -> String {
    let copy = copy(words, text);
    let print = if prints {
        format!("<button class=\"button quiet\" type=\"button\" data-print hidden>{}</button>\n", words.print)
    } else {
        String::new()
    };
    format!("<div class=\"actions\">\n{copy}{print}</div>\n")
}

fn copy(words: &Words, text: &str) -> String {
    format!(
        "<button class=\"button quiet\" type=\"button\" data-copy=\"{}\" data-done=\"{}\" aria-live=\"polite\" hidden>{}\
         </button>\n",
        escape(text),
        words.copied,
        words.copy,
    )
}

/// Something with a name, and a button to copy it.
pub(super) fn named(words: &Words, name: &str, value: &str) -> String {
    format!("<div><dt>{name}</dt><dd><code>{}</code>\n{}</dd></div>\n", escape(value), copy(words, value))
}

/// A QR code, dark on white whatever the theme: cameras want it so.
pub(super) fn qr(text: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return String::new() };
    let side = code.width();
    let mut path = String::new();
    for (row, colors) in code.to_colors().chunks(side).enumerate() {
        for (column, _) in colors.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            let _ = write!(path, "M{} {}h1v1h-1z", column + 4, row + 4);
        }
    }
    let side = side + 8;
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>\n"
    )
}
