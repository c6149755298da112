//! What the build really takes, by `cargo tree`: one TLS and one SQLite. `Cargo.lock` would not do: it also lists what no
//! feature ever turns on.

use std::collections::BTreeSet;

use super::Broken;

/// OpenSSL is there because SQLCipher needs it; another one would be built, and audited, for nothing.
const OTHER_TLS: [&str; 4] = ["rustls", "ring", "aws-lc-rs", "boring"];
/// Two of these do not link.
const ONCE: [&str; 2] = ["libsqlite3-sys", "openssl-sys"];

/// The rules that a tree breaks: one package a line, as `name v1.2.3`, as often as it is needed.
pub fn broken(tree: &str) -> Vec<Broken> {
    let mut built = BTreeSet::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        // The rest says where it is from, and whether it stood there before.
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            built.insert((name, version));
        }
    }
    let times = |wanted: &str| built.iter().filter(|(name, _)| *name == wanted).count();
    let other = OTHER_TLS.iter().filter(|name| times(name) > 0).map(|name| {
        Broken::new("Cargo.lock", format!("{name} is a second TLS; find the feature that brings OpenSSL"))
    });
    let twice = ONCE.iter().filter(|once| times(once) > 1);
    let twice = twice.map(|name| Broken::new("Cargo.lock", format!("{name} is there twice")));
    other.chain(twice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tls_and_one_sqlite() {
        let good =
            "ringbuf v0.4.8\nopenssl-sys v0.9.118\nlibsqlite3-sys v0.37.0\n\nopenssl-sys v0.9.118 (*)\n";
        assert_eq!(broken(good), []);
        let found = broken(&format!("{good}ring v0.17.14\nlibsqlite3-sys v0.38.0\n"));
        let rules: Vec<&str> = found.iter().map(|broken| broken.rule.as_str()).collect();
        let second = "ring is a second TLS; find the feature that brings OpenSSL";
        assert_eq!(rules, [second, "libsqlite3-sys is there twice"]);
    }
}
