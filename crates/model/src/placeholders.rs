//! Placeholders in templates: `{{client.name}}` becomes the name.
//!
//! **Invariant:** what is filled in is never looked at again: a client called `{{staff.name}}` stays so.

use std::fmt;

/// Every placeholder there is.
pub const PLACEHOLDERS: [&str; 6] =
    ["client.name", "patient.name", "staff.name", "practice.name", "practice.phone", "practice.address"];

/// What placeholders stand for. What is not known stays empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known<'a> {
    /// The client's name.
    pub client: &'a str,
    /// The patient's name.
    pub patient: &'a str,
    /// The name of whoever writes.
    pub staff: &'a str,
    /// The practice's name.
    pub practice: &'a str,
    /// Its telephone.
    pub phone: &'a str,
    /// Its address.
    pub address: &'a str,
}

impl<'a> Known<'a> {
    fn of(&self, name: &str) -> Option<&'a str> {
        Some(match name {
            "client.name" => self.client,
            "patient.name" => self.patient,
            "staff.name" => self.staff,
            "practice.name" => self.practice,
            "practice.phone" => self.phone,
            "practice.address" => self.address,
            _ => return None,
        })
    }
}

/// There is no such placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPlaceholder(
    /// As it was written between the braces.
    pub String,
);

impl fmt::Display for UnknownPlaceholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no placeholder {{{{{}}}}}", self.0)
    }
}

impl std::error::Error for UnknownPlaceholder {}

/// The text with its placeholders filled in. Braces that never close are text.
///
/// # Errors
/// The first placeholder that does not exist, by its name.
pub fn fill(text: &str, known: &Known<'_>) -> Result<String, UnknownPlaceholder> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        let name = name.trim();
        filled.push_str(before);
        filled.push_str(known.of(name).ok_or_else(|| UnknownPlaceholder(name.to_owned()))?);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'_> = Known {
        client: "Marta {{staff.name}}",
        patient: "Biscuit",
        staff: "Dr. Ruiz",
        practice: "Lapa",
        phone: "555 0100",
        address: "1 Harbour Street",
    };

    #[test]
    fn names_stand_where_they_were_asked_for_and_are_not_read_again() {
        let filled = fill(
            "Dear {{client.name}}, {{ patient.name }} is fine. {{staff.name}}, {{practice.phone}}",
            &KNOWN,
        );
        assert_eq!(filled.unwrap(), "Dear Marta {{staff.name}}, Biscuit is fine. Dr. Ruiz, 555 0100");
        assert!(
            PLACEHOLDERS
                .iter()
                .all(|name| fill(&format!("{{{{{name}}}}}"), &KNOWN).is_ok_and(|it| !it.is_empty()))
        );
    }

    #[test]
    fn an_unknown_one_is_refused_by_its_name() {
        assert_eq!(
            fill("{{patient.name}} {{patient.nmae}}", &KNOWN),
            Err(UnknownPlaceholder("patient.nmae".into()))
        );
        assert_eq!(fill("{{}}", &KNOWN).unwrap_err().to_string(), "there is no placeholder {{}}");
    }

    #[test]
    fn lone_braces_are_text() {
        for text in ["a { b } c", "open {{patient.name", "}} first", "{}", ""] {
            assert_eq!(fill(text, &KNOWN).as_deref(), Ok(text));
        }
    }
}
