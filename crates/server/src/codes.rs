//! Codes beside a password: RFC 6238 as authenticator apps do it (SHA-1, six digits, 30 seconds), and recovery codes.
//!
//! **Invariant:** nothing here knows which codes were used; whoever takes one writes its time step down.

use limpet_model::Millis;
use totp_rs::{Builder, Secret, Totp};

use crate::secrets::{NoRandomness, token_hash};

/// Recovery codes that somebody gets.
pub const RECOVERY_CODES: usize = 10;

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bits = [0; N];
    getrandom::fill(&mut bits).map_err(|_| NoRandomness)?;
    Ok(bits)
}

/// A new secret: 160 random bits in base 32.
pub fn new_secret() -> Result<String, NoRandomness> {
    Ok(Secret::from(random::<20>()?).to_base32())
}

fn totp(secret: &str, issuer: &str, account: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(secret).ok()?;
    let plain = |text: &str| text.replace(':', " ");
    // One step of drift either way: clocks of phones are that good.
    Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .ok()
}

/// The `otpauth://` link of a secret, under the practice's name.
pub fn link(secret: &str, practice: &str, email: &str) -> Option<String> {
    totp(secret, practice, email)?.to_url().ok()
}

/// The time step that a code is of: now, or one step off. `None` for a wrong one.
pub fn step_of(secret: &str, code: &str, now: Millis) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now.0.div_euclid(1000)).ok()?;
    totp(secret, "", "")?.check(&digits, seconds).and_then(|step| i64::try_from(step).ok())
}

/// New recovery codes: 80 random bits each, in groups of four.
pub fn recovery_codes() -> Result<Vec<String>, NoRandomness> {
    let grouped = |code: String| {
        let chars: Vec<char> = code.chars().collect();
        chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
    };
    (0..RECOVERY_CODES).map(|_| Ok(grouped(Secret::from(random::<10>()?.to_vec()).to_base32()))).collect()
}

/// How a recovery code is stored, however it was typed. It has 80 bits of its own and needs no salt.
pub fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    token_hash(&plain.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `12345678901234567890`, the secret of RFC 6238's test vectors.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_rfc() {
        // The last six digits of its eight.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(step_of(SECRET, code, Millis(seconds * 1000)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_of_drift_and_no_more() {
        let taken = |seconds: i64| step_of(SECRET, "287 082", Millis(seconds * 1000));
        assert_eq!([0, 29, 30, 59, 60, 89].map(taken), [Some(1); 6]);
        assert_eq!([-1, 90, 120].map(taken), [None; 3]);
        for wrong in ["", "28708", "2870822", "+87082", "28708a"] {
            assert_eq!(step_of(SECRET, wrong, Millis(59_000)), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_and_recovery_codes_are_long_and_differ() {
        let secret = new_secret().unwrap();
        assert_eq!(secret.len(), 32);
        let link = link(&secret, "Lapa: Vets", "ana@example.org").unwrap();
        assert!(
            link.starts_with("otpauth://totp/") && link.contains(&secret) && link.contains("Lapa"),
            "{link}"
        );
        let codes = recovery_codes().unwrap();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let mut hashes: Vec<String> = codes.iter().map(|code| recovery_hash(code)).collect();
        assert_eq!(recovery_hash(&codes[0].to_lowercase().replace('-', " ")), hashes[0]);
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), RECOVERY_CODES);
        assert_eq!(codes[0].len(), 19);
    }
}
