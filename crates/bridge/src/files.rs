//! The files of the desktop UI.

use hyper::StatusCode;
use limpet_wire::{Code, Failure};
use rust_embed::RustEmbed;

use crate::answer::{self, Answer};

/// In a debug build read from the folder each time, so that a rebuilt UI shows after a reload.
#[derive(RustEmbed)]
#[folder = "../../ui/desk/dist"]
struct Ui;

pub(crate) fn file(path: &str) -> Answer {
    let path = path.trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    match Ui::get(path) {
        Some(file) => {
            let mime = mime_guess::from_path(path).first_or_octet_stream();
            answer::bytes(StatusCode::OK, mime.essence_str(), file.data.into_owned())
        }
        None if path == "index.html" => answer::bytes(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            "The desktop UI is not built yet. Run `npm ci && npm run build -w desk` in ui/ and reload this page.\n",
        ),
        None => answer::failure(&Failure::new(Code::NotFound, "There is nothing at this address.")),
    }
}
