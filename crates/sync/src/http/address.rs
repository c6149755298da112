//! The server's address as people type it.

use limpet_wire::{Code, Failure};
use url::{Host, Url};

/// The address behind what was typed: `https` when no scheme was, and nothing in clear text but to this computer
/// itself, since a password and every message would travel in it.
pub fn server_address(typed: &str) -> Result<Url, Failure> {
    let typed = typed.trim();
    let unreadable = || {
        Failure::new(
            Code::Invalid,
            "This is not a server address. Type it as your practice was given it, for example https://chat.example.org.",
        )
    };
    if typed.is_empty() {
        return Err(unreadable());
    }
    let text = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let mut url = Url::parse(&text).map_err(|_| unreadable())?;
    if !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
        return Err(unreadable());
    }
    match url.scheme() {
        "https" => {}
        "http" if is_this_computer(&url) => {}
        "http" => {
            return Err(Failure::new(
                Code::Invalid,
                "This address begins with http, so everything would travel unprotected. Use the address that begins with https.",
            ));
        }
        _ => return Err(unreadable()),
    }
    url.set_query(None);
    url.set_fragment(None);
    // Routes are joined to it: without the slash the last part of its path would be replaced.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn is_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(typed: &str) -> String {
        server_address(typed).map_or_else(|failure| failure.message, |url| url.to_string())
    }

    #[test]
    fn people_type_addresses_in_many_ways() {
        assert_eq!(address(" chat.example.org "), "https://chat.example.org/");
        assert_eq!(address("https://example.org/limpet?x#y"), "https://example.org/limpet/");
        assert_eq!(address("http://127.0.0.1:8080"), "http://127.0.0.1:8080/");
        assert_eq!(address("http://[::1]:8080/"), "http://[::1]:8080/");
        assert!(address("http://chat.example.org").contains("unprotected"));
        for bad in ["", "https://", "ftp://example.org", "https://me:secret@example.org"] {
            assert!(address(bad).contains("not a server address"), "{bad}");
        }
    }
}
