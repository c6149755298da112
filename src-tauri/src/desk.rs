//! The commands and the one event: calls go down to the desk, one page opens in the browser, events come up to the window.

use std::path::PathBuf;

use limpet_desk::{Desk, DeskOptions, default_profile};
use limpet_wire::{
    Code, Failure,
    calls::{self, Answers as _, Call},
    desk::DeskEvent,
};
use serde_json::Value;
use tauri::{AppHandle, Emitter as _, Manager as _, State, async_runtime};
use tokio::sync::{OnceCell, broadcast::error::RecvError};
use tracing::{error, info};

/// A desk that is being opened. Calls made meanwhile wait for it; when it cannot be opened, each answers why.
pub(crate) struct Opening {
    profile: Option<PathBuf>,
    desk: OnceCell<Result<Desk, Failure>>,
}

impl Opening {
    /// Nothing is opened before somebody asks.
    pub(crate) fn new(profile: Option<PathBuf>) -> Self {
        Self { profile, desk: OnceCell::new() }
    }

    /// The desk, once it is open.
    pub(crate) async fn desk(&self) -> Result<&Desk, Failure> {
        self.desk.get_or_init(|| self.open()).await.as_ref().map_err(Clone::clone)
    }

    async fn open(&self) -> Result<Desk, Failure> {
        let profile = self.profile.clone().map_or_else(default_profile, Ok)?;
        Desk::open(DeskOptions::new(profile)).await
    }
}

#[tauri::command]
pub(crate) async fn call(opening: State<'_, Opening>, call: Call) -> Result<Value, Failure> {
    calls::answer(opening.desk().await?, call).await
}

/// Opens the page where a forgotten password is replaced, in the browser. Of all addresses that the window could name
/// this is the only one that is opened.
#[tauri::command]
pub(crate) async fn open_reset(opening: State<'_, Opening>, server: String) -> Result<(), Failure> {
    let page = opening.desk().await?.reset_page(server).await?;
    let address = page.clone();
    // It may wait for launchers, one after the other.
    let opened = async_runtime::spawn_blocking(move || open::that_detached(address)).await;
    opened.map_err(std::io::Error::other).flatten().map_err(|error| {
        error!(%error, "No browser was opened");
        Failure::new(
            Code::Internal,
            format!("No browser could be opened. Type this address into one: {page}"),
        )
    })
}

/// Opens the desk in the background and forwards its events to the window as `desk`.
pub(crate) fn start(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        let opening = app.state::<Opening>();
        let mut events = match opening.desk().await {
            Ok(desk) => desk.events(),
            Err(failure) => return error!(code = ?failure.code, "The desk could not be opened"),
        };
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                // Too many at once for the window: it asks for everything it shows.
                Err(RecvError::Lagged(_)) => DeskEvent::Lists,
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = app.emit("desk", event) {
                error!(%error, "An event did not reach the window");
            }
        }
    });
}

/// Lets what is on its way come to rest before the process ends.
pub(crate) fn close(app: &AppHandle) {
    let opening = app.state::<Opening>();
    if let Some(Ok(desk)) = opening.desk.get() {
        async_runtime::block_on(desk.close());
        info!("Closed the desk");
    }
}
