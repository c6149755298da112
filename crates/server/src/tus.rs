//! The words of tus 1.0: headers in, headers out. <https://tus.io/protocols/resumable-upload>

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use limpet_model::{AttachmentId, Millis};
use sha1::Digest as _;
use sha2::Digest as _;

use crate::failure::{Answer, Problem};

/// The version.
pub const VERSION: &str = "1.0.0";
/// What is spoken beyond the core.
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";
/// How a chunk may be proven.
pub const ALGORITHMS: &str = "sha1,sha256";
/// The type of a chunk.
pub const CHUNK: &str = "application/offset+octet-stream";

/// Names of the headers, lower case.
pub mod name {
    use axum::http::HeaderName;

    /// The version, on every answer.
    pub const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
    /// How many bytes there are.
    pub const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
    /// How many there are to be.
    pub const LENGTH: HeaderName = HeaderName::from_static("upload-length");
    /// When the upload is given up.
    pub const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
    /// What the upload is.
    pub const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
    /// Proof of a chunk.
    pub const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
}

/// "Checksum Mismatch", which no other protocol has.
pub fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Refuses other versions.
pub fn check_version(headers: &HeaderMap) -> Answer<()> {
    if headers.get(name::RESUMABLE).is_some_and(|version| version == VERSION) {
        return Ok(());
    }
    Err(Problem::invalid("This app uploads in a way the server does not know. Update the app.")
        .with_status(StatusCode::PRECONDITION_FAILED))
}

/// A header that is a whole number, not negative.
pub fn number(headers: &HeaderMap, header: &HeaderName) -> Option<i64> {
    headers.get(header)?.to_str().ok()?.parse().ok().filter(|number| *number >= 0)
}

/// The attachment that `Upload-Metadata` names.
pub fn attachment(headers: &HeaderMap) -> Option<AttachmentId> {
    let metadata = headers.get(name::METADATA)?.to_str().ok()?;
    let (_, value) = metadata
        .split(',')
        .filter_map(|pair| pair.trim().split_once(' '))
        .find(|(key, _)| *key == "attachment")?;
    String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?.parse().ok()
}

/// Whether the body is a chunk.
pub fn is_chunk(headers: &HeaderMap) -> bool {
    headers.get(axum::http::header::CONTENT_TYPE).is_some_and(|kind| kind == CHUNK)
}

/// A moment as HTTP writes it.
pub fn http_date(at: Millis) -> Option<HeaderValue> {
    let at = Timestamp::from_millisecond(at.0).ok()?;
    HeaderValue::from_str(&at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// A checksum that a chunk is to have, computed while it arrives.
pub enum Proof {
    /// SHA-1.
    Sha1(sha1::Sha1, Vec<u8>),
    /// SHA-256.
    Sha256(sha2::Sha256, Vec<u8>),
}

impl Proof {
    /// Reads `Upload-Checksum`: the algorithm, then the sum in base64.
    pub fn read(headers: &HeaderMap) -> Answer<Option<Self>> {
        let Some(header) = headers.get(name::CHECKSUM) else { return Ok(None) };
        let unknown =
            || Problem::invalid("The server knows the checksums sha1 and sha256 only. Update the app.");
        let (algorithm, sum) =
            header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(unknown)?;
        let sum = BASE64_STANDARD.decode(sum.trim()).map_err(|_| unknown())?;
        match algorithm {
            "sha1" => Ok(Some(Self::Sha1(sha1::Sha1::new(), sum))),
            "sha256" => Ok(Some(Self::Sha256(sha2::Sha256::new(), sum))),
            _ => Err(unknown()),
        }
    }

    /// More bytes of the chunk.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash, _) => hash.update(bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
        }
    }

    /// Whether the chunk is what it was said to be.
    pub fn holds(self) -> bool {
        match self {
            Self::Sha1(hash, sum) => hash.finalize().as_slice() == sum,
            Self::Sha256(hash, sum) => hash.finalize().as_slice() == sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_attachment_among_other_metadata() {
        let id = AttachmentId::new();
        let mut headers = HeaderMap::new();
        let text =
            format!("filename eC5tcDQ=,attachment {}, is_private", BASE64_STANDARD.encode(id.to_string()));
        headers.insert(name::METADATA, HeaderValue::from_str(&text).unwrap());
        assert_eq!(attachment(&headers), Some(id));
        headers.insert(name::METADATA, HeaderValue::from_static("attachment !!"));
        assert_eq!(attachment(&headers), None);
    }

    #[test]
    fn dates_are_as_http_writes_them() {
        assert_eq!(http_date(Millis(784_111_777_000)).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn numbers_are_whole_and_not_negative() {
        let mut headers = HeaderMap::new();
        for (text, number_read) in [("12", Some(12)), ("-1", None), ("1.5", None), ("", None)] {
            headers.insert(name::OFFSET, HeaderValue::from_static(text));
            assert_eq!(number(&headers, &name::OFFSET), number_read, "{text}");
        }
    }
}
