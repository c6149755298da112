//! The hashes that requests to S3 are signed with. OpenSSL is here anyway, for TLS; object_store's own would be a second
//! library for the same.

use object_store::{
    Error, Result,
    client::{CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, Signer, SigningAlgorithm},
};
use openssl::{
    error::ErrorStack,
    hash::{Hasher, MessageDigest},
    pkey::PKey,
    sign,
};

/// OpenSSL, as object_store asks for it.
#[derive(Debug)]
pub(super) struct OpenSsl;

impl CryptoProvider for OpenSsl {
    fn digest(&self, algorithm: DigestAlgorithm) -> Result<Box<dyn DigestContext>> {
        let hasher = Hasher::new(digest(&algorithm)?).map_err(failed)?;
        Ok(Box::new(Digest { hasher, trouble: None, sum: Vec::new() }))
    }

    fn hmac(&self, algorithm: DigestAlgorithm, secret: &[u8]) -> Result<Box<dyn HmacContext>> {
        let (digest, key) = (digest(&algorithm)?, secret.to_vec());
        Ok(Box::new(Hmac { digest, key, data: Vec::new(), sum: Vec::new() }))
    }

    fn sign(&self, _: SigningAlgorithm, _: &[u8]) -> Result<Box<dyn Signer>> {
        Err(Error::NotSupported { source: "S3 needs no signatures by key pair".into() })
    }
}

fn digest(algorithm: &DigestAlgorithm) -> Result<MessageDigest> {
    match algorithm {
        DigestAlgorithm::Sha256 => Ok(MessageDigest::sha256()),
        other => Err(Error::NotSupported { source: format!("{other:?} is not known here").into() }),
    }
}

fn failed(error: ErrorStack) -> Error {
    Error::Generic { store: "OpenSSL", source: Box::new(error) }
}

struct Digest {
    hasher: Hasher,
    trouble: Option<ErrorStack>,
    sum: Vec<u8>,
}

impl DigestContext for Digest {
    fn update(&mut self, data: &[u8]) {
        if let Err(error) = self.hasher.update(data) {
            self.trouble = Some(error);
        }
    }

    fn finish(&mut self) -> Result<&[u8]> {
        if let Some(error) = self.trouble.take() {
            return Err(failed(error));
        }
        self.sum = self.hasher.finish().map_err(failed)?.to_vec();
        Ok(&self.sum)
    }
}

/// What is signed is a date, a region or a hash: it is small enough to be kept until the end.
struct Hmac {
    digest: MessageDigest,
    key: Vec<u8>,
    data: Vec<u8>,
    sum: Vec<u8>,
}

impl HmacContext for Hmac {
    fn update(&mut self, data: &[u8]) {
        self.data.extend_from_slice(data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        let key = PKey::hmac(&self.key).map_err(failed)?;
        let mut signer = sign::Signer::new(self.digest, &key).map_err(failed)?;
        self.sum = signer.sign_oneshot_to_vec(&self.data).map_err(failed)?;
        Ok(&self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standards() {
        let mut digest = OpenSsl.digest(DigestAlgorithm::Sha256).unwrap();
        digest.update(b"ab");
        digest.update(b"c");
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(digest.finish().unwrap()), expected);
        // RFC 4231, test case 2.
        let mut hmac = OpenSsl.hmac(DigestAlgorithm::Sha256, b"Jefe").unwrap();
        hmac.update(b"what do ya want ");
        hmac.update(b"for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(hmac.finish().unwrap()), expected);
    }
}
