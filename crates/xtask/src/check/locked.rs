//! What the build really takes, by `Cargo.lock`: one TLS and one SQLite.

use super::Broken;

/// OpenSSL is there because SQLCipher needs it; another one would be built, and audited, for nothing.
const OTHER_TLS: [&str; 4] = ["rustls", "ring", "aws-lc-rs", "boring"];
/// Two of these do not link.
const ONCE: [&str; 2] = ["libsqlite3-sys", "openssl-sys"];

/// The rules that the lock file breaks.
pub fn broken(lock: &str) -> Vec<Broken> {
    let names: Vec<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    let other = OTHER_TLS.iter().filter(|name| names.contains(name)).map(|name| {
        Broken::new("Cargo.lock", format!("{name} is a second TLS; find the feature that brings OpenSSL"))
    });
    let twice = ONCE.iter().filter(|once| names.iter().filter(|name| name == once).count() > 1);
    let twice = twice.map(|name| Broken::new("Cargo.lock", format!("{name} is there twice")));
    other.chain(twice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(names: &[&str]) -> String {
        let packages =
            names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n"));
        packages.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_tls_and_one_sqlite() {
        assert_eq!(broken(&lock(&["openssl-sys", "libsqlite3-sys", "ringbuf"])), []);
        let found = broken(&lock(&["openssl-sys", "ring", "libsqlite3-sys", "libsqlite3-sys"]));
        let rules: Vec<&str> = found.iter().map(|broken| broken.rule.as_str()).collect();
        let second = "ring is a second TLS; find the feature that brings OpenSSL";
        assert_eq!(rules, [second, "libsqlite3-sys is there twice"]);
    }
}
