//! Tokens and passwords.
//!
//! **Invariant:** the token of a session, an invitation or an integration is 256 random bits and is stored only as its SHA-256; a
//! password is stored only as argon2id. Neither is ever logged.

use std::{cell::RefCell, sync::OnceLock};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self, CustomizedPasswordHasher, PasswordHasher, PasswordVerifier,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Shortest password, characters.
pub const PASSWORD_MINIMUM: usize = 10;
/// Longest password, bytes: argon2 would take more, but nobody types more.
pub const PASSWORD_MAXIMUM: usize = 1024;

/// The machine has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

/// A new token: 256 random bits as 43 characters that are safe in an address.
pub fn new_token() -> Result<String, NoRandomness> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits).map_err(|_| NoRandomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bits))
}

/// How the token of an integration begins, so that one knows it where it should not be.
const API_TOKEN: &str = "limpet_";

/// A new token for an integration.
pub fn new_api_token() -> Result<String, NoRandomness> {
    Ok(format!("{API_TOKEN}{}", new_token()?))
}

/// Whether this is the token of an integration and not one of a session, by its form.
pub fn is_api_token(token: &str) -> bool {
    // A session's token may begin so by chance, but it is shorter.
    token.len() == API_TOKEN.len() + 43 && token.starts_with(API_TOKEN)
}

/// How a token is stored: SHA-256 in lower-case hex. A token has 256 bits of its own and needs no salt.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Whether a password may be used, or the sentence that says what would do.
pub fn check_password(password: &str, email: &str) -> Result<(), String> {
    if password.chars().count() < PASSWORD_MINIMUM {
        return Err(format!("The password is too short. Use {PASSWORD_MINIMUM} characters or more."));
    }
    if password.len() > PASSWORD_MAXIMUM {
        return Err(format!("The password is too long. Use {PASSWORD_MAXIMUM} characters or fewer."));
    }
    let lower = password.to_lowercase();
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 4 {
        return Err("The password repeats too few characters. Use a few unrelated words.".into());
    }
    let name = email.split('@').next().unwrap_or_default().to_lowercase();
    let common = ["password", "passw0rd", "12345", "qwert", "letmein", "veterinar"];
    let named = name.len() >= 4 && lower.contains(&name) && lower.len() < name.len() + 6;
    if named || common.iter().any(|word| lower.starts_with(word) && lower.len() < word.len() + 6) {
        return Err("The password is easy to guess. Use a few unrelated words.".into());
    }
    Ok(())
}

thread_local! {
    /// What passwords take of memory, kept for this thread's next one. Given back each time most of it would stay with
    /// the process: glibc before 2.38 finds no use for pieces that begin at round addresses.
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Argon2 in memory that is kept.
struct Kept;

impl CustomizedPasswordHasher<PasswordHash> for Kept {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
        let argon2 = Argon2::new(algorithm, version, params);
        let salt = Salt::new(salt)?;
        BLOCKS.with_borrow_mut(|blocks| {
            blocks.resize(argon2.params().block_count(), Block::new());
            argon2.hash_password_into_with_memory(password, &salt, &mut output, blocks)
        })?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(salt),
            hash: Some(Output::new(&output)?),
        })
    }
}

impl PasswordHasher<PasswordHash> for Kept {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> password_hash::Result<PasswordHash> {
        self.hash_password_with_params(password, salt, Params::default())
    }
}

/// The argon2id hash of a password. Takes tens of milliseconds and 19 MiB, which stay with the thread: call it on one of
/// a few that do nothing else.
pub fn hash_password(password: &str) -> Result<String, password_hash::Error> {
    Ok(Kept.hash_password(password.as_bytes())?.to_string())
}

/// Whether `password` is the one behind `hash`. Without a hash it takes just as long and answers no, so that
/// nobody learns from the time taken which addresses exist.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = NOBODY.get_or_init(|| hash_password("nobody signs in with this").unwrap_or_default());
    let matches = PasswordHash::new(hash.unwrap_or(nobody))
        .is_ok_and(|parsed| Kept.verify_password(password.as_bytes(), &parsed).is_ok());
    matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, two) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
        assert_ne!(token_hash(&one), token_hash(&two));
    }

    #[test]
    fn only_the_right_password_of_somebody_who_exists_is_accepted() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        // Also for who does not do it in memory that was used before.
        let parsed = PasswordHash::new(&hash).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok());
        assert!(verify_password("correct horse battery", Some(&hash)));
        assert!(!verify_password("correct horse batterz", Some(&hash)));
        assert!(!verify_password("nobody signs in with this", None));
    }

    #[test]
    fn weak_passwords_are_refused_in_words() {
        for weak in ["short", "password123", "aaaaaaaaaaaa", "abababababab", "marta.ruiz1"] {
            assert!(check_password(weak, "marta.ruiz@example.org").is_err(), "{weak}");
        }
        assert!(check_password("three wet otters", "marta.ruiz@example.org").is_ok());
    }
}
