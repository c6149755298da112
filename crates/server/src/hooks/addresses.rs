//! Where a webhook may be: on the public internet, and nowhere that only this server reaches.
//!
//! **Invariant:** the address that is checked is the one that is connected to. A name that points somewhere else the next
//! moment gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses are connected to.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// This computer too: for tests and for development.
    pub loopback: bool,
}

impl Allowed {
    /// Whether this one is.
    pub fn has(self, address: IpAddr) -> bool {
        (self.loopback && address.is_loopback()) || is_public(address)
    }
}

/// Names become addresses here, just before they are connected to.
impl Resolve for Allowed {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let good: Vec<SocketAddr> =
                found.into_iter().filter(|address| allowed.has(address.ip())).collect();
            if good.is_empty() {
                return Err("the name leads to no address on the public internet".into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Everything but the special-purpose addresses of RFC 6890.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224;
    !special
}

/// Global unicast (2000::/3) without what wraps an IPv4 address or is for documents and tunnels.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = a & 0xe000 == 0x2000;
    let special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || a == 0x3fff;
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_connected_to() {
        let (public, here) = (Allowed { loopback: false }, Allowed { loopback: true });
        let has = |allowed: Allowed, text: &str| allowed.has(text.parse().unwrap());
        for good in ["1.1.1.1", "93.184.215.14", "172.15.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111"] {
            assert!(has(public, good), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
        ] {
            assert!(!has(public, bad), "{bad}");
        }
        assert!(has(here, "127.0.0.1") && has(here, "::1"));
        assert!(!has(here, "10.0.0.1") && !has(here, "169.254.169.254"));
    }

    #[tokio::test]
    async fn a_name_of_this_computer_leads_nowhere() {
        let name = || "localhost".parse().unwrap();
        assert!(Allowed { loopback: false }.resolve(name()).await.is_err());
        assert!(Allowed { loopback: true }.resolve(name()).await.unwrap().next().is_some());
    }
}
