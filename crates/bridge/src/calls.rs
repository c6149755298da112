//! `POST /call`: one desk call, answered as JSON.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{Request, body::Incoming};
use limpet_wire::{Code, Failure, calls::Call};

use crate::{
    answer::{self, Answer},
    serve::Bridge,
};

/// Largest call, bytes: the longest message many times over.
const LARGEST: usize = 1024 * 1024;

pub(crate) async fn call(bridge: &Bridge, request: Request<Incoming>) -> Result<Answer, Failure> {
    let call = read(&body(request).await?)?;
    let staged = match &call {
        Call::stage_file(file) => Some(file.path.clone()),
        _ => None,
    };
    let name = call.name();
    let answered = bridge.desk.answer(call).await;
    if let Some(path) = staged {
        // The desk has its own copy, or said why not and is asked again with a new upload.
        bridge.stage.forget(&path);
    }
    if let Err(failure) = &answered {
        tracing::debug!(call = name, code = ?failure.code, "A call failed");
    }
    Ok(answer::json(&answered?))
}

async fn body(request: Request<Incoming>) -> Result<Bytes, Failure> {
    let read = Limited::new(request.into_body(), LARGEST).collect().await;
    read.map(http_body_util::Collected::to_bytes)
        .map_err(|_| Failure::new(Code::TooLarge, "The call is too large or was cut off."))
}

fn read(body: &[u8]) -> Result<Call, Failure> {
    // The reason is not passed on: it may quote a person's words.
    serde_json::from_slice(body)
        .map_err(|_| Failure::new(Code::Invalid, "This is not a call the desk knows."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_and_nonsense_is_told_without_its_words() {
        assert_eq!(read(br#"{"name":"state","args":null}"#).map(|call| call.name()).unwrap(), "state");
        for nonsense in ["", "{}", r#"{"name":"state"}"#, r#"{"name":"format_disk","args":"my words"}"#] {
            let failure = read(nonsense.as_bytes()).err();
            assert!(failure.is_some_and(|failure| !failure.message.contains("words")), "{nonsense}");
        }
    }
}
