//! Pages about an account: setting a password, having forgotten it, codes at sign-in. Each form goes back to the page it
//! is on, and each page does all it has to without a script.

mod parts;
mod words;

use std::fmt::Write;

use limpet_model::{Millis, Role};

pub use self::parts::Letterhead;
use self::{
    parts::{
        actions, address_field, code_field, kept, letterhead, named, own_address, password_field, qr,
        unseen_address,
    },
    words::{ENGLISH, SPANISH, Words},
};
use super::{Language, document, escape, local_time};

/// What may be wrong with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing.
    Nothing,
    /// The two passwords differ.
    NotTheSame,
    /// The password is too short, or easy to guess.
    Weak,
    /// What was typed is no e-mail address.
    Address,
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
        Wrong::Address => words.not_an_address,
        Wrong::SignIn => words.wrong_sign_in,
        Wrong::Code => words.wrong_code,
        Wrong::TooMany => words.too_many,
    };
    format!("<p class=\"state refused\" role=\"alert\">{sentence}</p>\n")
}

fn page(language: Language, of: Option<&Letterhead>, title: &str, body: &str) -> String {
    page_with(language, of, title, "", body)
}

/// A page that carries the script: it has something to copy.
fn page_to_copy(language: Language, of: &Letterhead, title: &str, body: &str) -> String {
    page_with(language, Some(of), title, "<script src=\"/m-assets/account.js\" defer></script>\n", body)
}

fn page_with(language: Language, of: Option<&Letterhead>, title: &str, head: &str, body: &str) -> String {
    let letterhead = letterhead(of);
    let body = format!("<main class=\"form\">{letterhead}<h1>{}</h1>\n{body}</main>\n", escape(title));
    document(language, title, head, &body)
}

/// Whom an invitation is for.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Their name, as whoever invited them wrote it.
    pub name: String,
    /// What they are to be.
    pub role: Role,
    /// Until when the link opens.
    pub until: Millis,
    /// The practice's time zone.
    pub time_zone: String,
}

fn whom(language: Language, invited: &Invited) -> String {
    let words = words(language);
    let [admin, veterinarian, technician, front_desk] = words.roles;
    let role = match invited.role {
        Role::Admin => admin,
        Role::Veterinarian => veterinarian,
        Role::Technician => technician,
        Role::FrontDesk => front_desk,
    };
    let until = local_time(language, invited.until, &invited.time_zone);
    let mut rows = String::new();
    for (name, value) in [(words.name, invited.name.as_str()), (words.role, role), (words.until, &until)] {
        let _ = writeln!(rows, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
    }
    format!("<p>{}</p>\n<dl>\n{rows}</dl>\n", words.invited)
}

/// Where a password is set, of the account with this address: its first one by whoever was invited, or another one.
pub fn new_password(
    language: Language,
    invited: Option<&Invited>,
    of: &Letterhead,
    email: &str,
    what: Wrong,
) -> String {
    let words = words(language);
    let lead = match invited {
        Some(invited) => whom(language, invited),
        None => format!("<p>{}</p>\n", words.another),
    };
    let body = format!(
        "{lead}{}<form method=\"post\">\n{}{}{}\
         <button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        wrong(words, what),
        own_address(words.email, email),
        password_field(words.password, "password", "new-password"),
        password_field(words.again, "again", "new-password"),
        words.set,
    );
    page(language, Some(of), words.new_password, &body)
}

/// A password was set; what the sign-in asks for beside it.
pub fn password_set(language: Language, of: &Letterhead, server: &str, email: &str) -> String {
    let words = words(language);
    let body = format!(
        "<p>{}</p>\n<dl>\n{}{}</dl>\n",
        words.sign_in_now,
        named(words, words.server, server),
        named(words, words.email, email),
    );
    page_to_copy(language, of, words.password_set, &body)
}

/// A link into an account that does not open. Where no mail is sent it says whom to ask.
pub fn link_gone(language: Language, sends_mail: bool) -> String {
    let words = words(language);
    let (then, way) = if sends_mail {
        (words.gone_by_mail, way("/reset", words.forgot_it))
    } else {
        (words.gone_without_mail, String::new())
    };
    let body = format!("<p>{} {then}</p>\n{way}", words.gone);
    page(language, None, words.gone_title, &body)
}

/// The same of the way to codes at sign-in, which may be begun again.
pub fn step_gone(language: Language) -> String {
    let words = words(language);
    let body = format!("<p>{}</p>\n{}", words.step_gone, way("/second-step", words.begin_again));
    page(language, None, words.gone_title, &body)
}

fn way(to: &str, label: &str) -> String {
    format!("<p><a class=\"button\" href=\"{to}\">{label}</a></p>\n")
}

/// Where somebody says that they forgot a password, with the address that was typed before.
pub fn forgot(language: Language, typed: &str, what: Wrong) -> String {
    let words = words(language);
    let body = format!(
        "<p>{}</p>\n{}<form method=\"post\">\n{}<button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        words.forgot_lead,
        wrong(words, what),
        address_field(words.email, typed),
        words.send,
    );
    page(language, None, words.forgot, &body)
}

/// The same where no mail is sent: what to do instead.
pub fn forgot_without_mail(language: Language) -> String {
    let words = words(language);
    page(language, None, words.forgot, &format!("<p>{}</p>\n", words.no_mail))
}

/// They said so.
pub fn forgot_sent(language: Language) -> String {
    let words = words(language);
    page(language, None, words.forgot, &format!("<p role=\"status\">{}</p>\n", words.sent))
}

/// Where somebody begins to set up codes, with the address that was typed before.
pub fn second_step(language: Language, typed: &str, what: Wrong) -> String {
    let words = words(language);
    let body = format!(
        "<p>{}</p>\n{}<form method=\"post\">\n{}{}<button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        words.step_lead,
        wrong(words, what),
        address_field(words.email, typed),
        password_field(words.own_password, "password", "current-password"),
        words.go_on,
    );
    page(language, None, words.step, &body)
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
    page(language, None, words.step, &body)
}

/// Codes are asked for already.
pub fn second_step_is_on(language: Language) -> String {
    let words = words(language);
    page(language, None, words.step, &format!("<p>{}</p>\n", words.step_on))
}

/// A secret as it is shown.
pub struct ShownSecret<'a> {
    /// Whose.
    pub of: &'a Letterhead,
    /// The account's address.
    pub email: &'a str,
    /// In base 32.
    pub secret: &'a str,
    /// Its `otpauth://` link.
    pub link: &'a str,
    /// What the form sends back.
    pub ticket: &'a str,
}

/// The secret, and the first code of it.
pub fn secret(language: Language, shown: &ShownSecret<'_>, what: Wrong) -> String {
    let words = words(language);
    let ShownSecret { of, email, secret, link, ticket } = shown;
    let spaced: Vec<&str> =
        secret.as_bytes().chunks(4).filter_map(|part| str::from_utf8(part).ok()).collect();
    let body = format!(
        "<p>{}</p>\n<div class=\"card\">{}<p class=\"letters\"><code>{}</code></p>\n{}\
         <a class=\"button quiet\" href=\"{}\">{}</a></div>\n{}<form method=\"post\">\n{}{}{}{}\
         <button class=\"button\" type=\"submit\">{}</button>\n</form>\n",
        words.scan,
        qr(link),
        escape(&spaced.join(" ")),
        actions(words, secret, false),
        escape(link),
        words.open_app,
        wrong(words, what),
        kept("ticket", ticket),
        kept("secret", secret),
        unseen_address(email),
        code_field(words.code),
        words.go_on,
    );
    page_to_copy(language, of, words.step, &body)
}

/// The recovery codes of the account with this address.
pub fn recovery_codes(language: Language, of: &Letterhead, email: &str, codes: &[String]) -> String {
    let words = words(language);
    let mut list = String::new();
    for code in codes {
        let _ = writeln!(list, "<li><code>{}</code></li>", escape(code));
    }
    let body = format!(
        "<p>{}</p>\n<p class=\"whose\">{}</p>\n<ol class=\"codes\">\n{list}</ol>\n{}",
        words.keep_codes,
        escape(email),
        actions(words, &codes.join("\n"), true),
    );
    page_to_copy(language, of, words.done, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lapa() -> Letterhead {
        Letterhead { practice: "<b>Lapa</b>".into(), logo: Some(b"PNG".to_vec()) }
    }

    #[test]
    fn what_stands_in_a_page_is_text() {
        let ben = Invited {
            name: "<i>Ben</i>".into(),
            role: Role::FrontDesk,
            until: Millis(1_795_331_640_000),
            time_zone: "Europe/Madrid".into(),
        };
        let page =
            new_password(Language::Spanish, Some(&ben), &lapa(), "\"><script>@example.org", Wrong::Weak);
        assert!(page.contains("&lt;b&gt;Lapa&lt;/b&gt;") && page.contains("lang=\"es\""));
        assert!(page.contains("&lt;i&gt;Ben&lt;/i&gt;") && page.contains("Recepción"), "{page}");
        assert!(page.contains("22 de noviembre de 2026, 08:14 CET"), "{page}");
        assert!(page.contains("role=\"alert\"") && page.contains("new-password"));
        assert!(page.contains("src=\"data:image/png;base64,UE5H\"") && !page.contains("<script"));
        let shown = ShownSecret {
            of: &lapa(),
            email: "ana@example.org",
            secret: "ABCDEFGH",
            link: "otpauth://totp/a?secret=ABCDEFGH&issuer=b",
            ticket: "\"><script>",
        };
        let page = secret(Language::English, &shown, Wrong::Nothing);
        assert!(page.contains("ABCD EFGH") && page.contains("&amp;issuer=b") && page.contains("<svg"));
        assert!(!page.contains("<script>"));
    }

    #[test]
    fn managers_of_passwords_and_telephones_know_what_each_field_is() {
        let page = new_password(Language::English, None, &lapa(), "ana@example.org", Wrong::Nothing);
        let own = "autocomplete=\"username\" readonly value=\"ana@example.org\"";
        assert!(page.contains(own), "{page}");
        let shown = ShownSecret {
            of: &lapa(),
            email: "ana@example.org",
            secret: "ABCD",
            link: "otpauth://",
            ticket: "t",
        };
        let page = secret(Language::English, &shown, Wrong::Nothing);
        assert!(page.contains("autocomplete=\"one-time-code\" inputmode=\"numeric\""), "{page}");
        assert!(page.contains(own), "{page}");
    }

    #[test]
    fn what_is_to_be_kept_can_be_copied_and_codes_can_be_printed() {
        let codes = ["AAAA-BBBB".to_owned(), "CCCC-DDDD".to_owned()];
        let page = recovery_codes(Language::English, &lapa(), "ana@example.org", &codes);
        assert!(page.contains("data-copy=\"AAAA-BBBB\nCCCC-DDDD\"") && page.contains("data-print"), "{page}");
        let page = password_set(Language::English, &lapa(), "https://chat.example.org", "ana@example.org");
        assert!(page.contains("<code>https://chat.example.org</code>"), "{page}");
        assert!(page.contains("data-copy=\"https://chat.example.org\"") && !page.contains("data-print"));
        // Without the script a button would do nothing: it is not there.
        assert_eq!(page.matches("data-copy").count(), page.matches(" hidden>").count());
    }
}
