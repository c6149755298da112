//! Pages about an account: setting a password, having forgotten it, codes at sign-in. Without a script; each form goes
//! back to the page it is on.

mod words;

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use self::words::{ENGLISH, SPANISH, Words};
use super::{Language, document, escape};
use crate::{secrets::PASSWORD_MAXIMUM, store::account_links::LinkFor};

/// What may be wrong with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing.
    Nothing,
    /// The two passwords differ.
    NotTheSame,
    /// The password is too short, or easy to guess.
    Weak,
    /// E-mail address or password.
    SignIn,
    /// The code.
    Code,
    /// Too often.
    TooMany,
}

fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
    }
}

fn wrong(words: &Words, wrong: Wrong) -> String {
    let sentence = match wrong {
        Wrong::Nothing => return String::new(),
        Wrong::NotTheSame => words.not_the_same,
        Wrong::Weak => words.weak,
        Wrong::SignIn => words.wrong_sign_in,
        Wrong::Code => words.wrong_code,
        Wrong::TooMany => words.too_many,
    };
    format!("<p class=\"state refused\" role=\"alert\">{sentence}</p>\n")
}

fn page(language: Language, title: &str, body: &str) -> String {
    document(
        language,
        title,
        "",
        &format!("<main class=\"form\"><h1>{}</h1>\n{body}</main>\n", escape(title)),
    )
}

/// Where a password is set.
pub fn new_password(language: Language, kind: LinkFor, practice: &str, what: Wrong) -> String {
    let words = words(language);
    let lead = if kind == LinkFor::Invitation { words.invited } else { words.another };
    let body = format!(
        "<p class=\"practice\">{}</p>\n<p>{lead}</p>\n{}<form method=\"post\">\n{}{}\
         <button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        escape(practice),
        wrong(words, what),
        field(words.password, "password", "password", "new-password"),
        field(words.again, "again", "password", "new-password"),
        words.set,
    );
    page(language, words.new_password, &body)
}

/// A password was set.
pub fn password_set(language: Language) -> String {
    let words = words(language);
    page(language, words.password_set, &format!("<p>{}</p>\n", words.sign_in_now))
}

/// A link into an account that does not open.
pub fn link_gone(language: Language) -> String {
    let words = words(language);
    page(language, words.gone_title, &format!("<p>{}</p>\n", words.gone))
}

/// Where somebody says that they forgot a password; without mail it says what to do instead.
pub fn forgot(language: Language, sends_mail: bool, what: Wrong) -> String {
    let words = words(language);
    if !sends_mail {
        return page(language, words.forgot, &format!("<p>{}</p>\n", words.no_mail));
    }
    let body = format!(
        "<p>{}</p>\n{}<form method=\"post\">\n{}<button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        words.forgot_lead,
        wrong(words, what),
        field(words.email, "email", "email", "username"),
        words.send,
    );
    page(language, words.forgot, &body)
}

/// They said so.
pub fn forgot_sent(language: Language) -> String {
    let words = words(language);
    page(language, words.forgot, &format!("<p role=\"status\">{}</p>\n", words.sent))
}

/// Where somebody begins to set up codes.
pub fn second_step(language: Language, what: Wrong) -> String {
    let words = words(language);
    let body = format!(
        "<p>{}</p>\n{}<form method=\"post\">\n{}{}<button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        words.step_lead,
        wrong(words, what),
        field(words.email, "email", "email", "username"),
        field(words.own_password, "password", "password", "current-password"),
        words.go_on,
    );
    page(language, words.step, &body)
}

/// Where somebody begins whose password was right a moment ago.
pub fn second_step_by_ticket(language: Language, ticket: &str) -> String {
    let words = words(language);
    let body = format!(
        "<p>{}</p>\n<form method=\"post\" action=\"/second-step\">\n{}<button class=\"button\" type=\"submit\">{}</button>\n\
         </form>\n",
        words.step_by_ticket,
        kept("ticket", ticket),
        words.go_on,
    );
    page(language, words.step, &body)
}

/// Codes are asked for already.
pub fn second_step_is_on(language: Language) -> String {
    let words = words(language);
    page(language, words.step, &format!("<p>{}</p>\n", words.step_on))
}

/// The secret, and the first code of it.
pub fn secret(language: Language, secret: &str, link: &str, ticket: &str, what: Wrong) -> String {
    let words = words(language);
    let spaced: Vec<&str> =
        secret.as_bytes().chunks(4).filter_map(|part| str::from_utf8(part).ok()).collect();
    let body = format!(
        "<p>{}</p>\n{}<p><a href=\"{}\">{}</a></p>\n<p><code>{}</code></p>\n{}<form method=\"post\">\n{}{}{}\
         <button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        words.scan,
        qr(link),
        escape(link),
        words.open_app,
        escape(&spaced.join(" ")),
        wrong(words, what),
        kept("ticket", ticket),
        kept("secret", secret),
        field(words.code, "code", "text", "one-time-code"),
        words.go_on,
    );
    page(language, words.step, &body)
}

/// The recovery codes.
pub fn recovery_codes(language: Language, codes: &[String]) -> String {
    let words = words(language);
    let mut list = String::new();
    for code in codes {
        let _ = writeln!(list, "<li><code>{}</code></li>", escape(code));
    }
    page(language, words.done, &format!("<p>{}</p>\n<ol>\n{list}</ol>\n", words.keep_codes))
}

/// What the form sends back as it is.
fn kept(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value))
}

fn field(label: &str, name: &str, kind: &str, complete: &str) -> String {
    // Of a password nothing may be cut off unseen.
    let most = if kind == "password" { PASSWORD_MAXIMUM } else { 300 };
    format!(
        "<label>{label}<input name=\"{name}\" type=\"{kind}\" autocomplete=\"{complete}\" required maxlength=\"{most}\">\
         </label>\n"
    )
}

/// A QR code, dark on white whatever the theme: cameras want it so.
fn qr(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_page_is_text() {
        let page = new_password(Language::Spanish, LinkFor::Invitation, "<b>Lapa</b>", Wrong::Weak);
        assert!(page.contains("&lt;b&gt;Lapa&lt;/b&gt;") && page.contains("lang=\"es\""));
        assert!(page.contains("role=\"alert\"") && page.contains("new-password"));
        let link = "otpauth://totp/a?secret=ABCDEFGH&issuer=b";
        let page = secret(Language::English, "ABCDEFGH", link, "\"><script>", Wrong::Nothing);
        assert!(page.contains("ABCD EFGH") && page.contains("&amp;issuer=b") && page.contains("<svg"));
        assert!(!page.contains("<script>"));
    }
}
