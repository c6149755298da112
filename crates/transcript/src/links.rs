//! Addresses that may be opened from the paper.

/// The address as a PDF may hold it, or `None` when it is not one of the web. Only addresses that Limpet made are
/// ever live; what people write in messages is not.
pub(crate) fn live(address: &str) -> Option<String> {
    let web = address.starts_with("https://") || address.starts_with("http://");
    if !web || address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let mut escaped = String::with_capacity(address.len());
    for byte in address.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'\\' | b'"') {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    Some(escaped)
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::live;

    #[test]
    fn only_addresses_of_the_web_are_live() {
        assert_eq!(live("https://clinic.example/m/x").as_deref(), Some("https://clinic.example/m/x"));
        assert_eq!(
            live("https://clinic.example/ñ(1)").as_deref(),
            Some("https://clinic.example/%C3%B1%281%29")
        );
        assert_eq!(live("javascript:alert(1)"), None);
        assert_eq!(live("https://a b"), None);
    }
}
