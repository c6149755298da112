//! Settings of this device.

use std::{path::Path, sync::Arc};

use limpet_records::{Target, WatchedFolder};
use limpet_wire::{Code, Failure, desk::Settings};

use crate::hub::{Hub, blocking};

pub(crate) async fn settings(hub: &Arc<Hub>) -> Result<Settings, Failure> {
    match hub.store() {
        Some(store) => blocking(move || Ok(store.outbox.settings()?)).await,
        // Without a keyring there are none.
        None => Ok(Settings::default()),
    }
}

pub(crate) async fn save(hub: &Arc<Hub>, wanted: Settings) -> Result<Settings, Failure> {
    let store = hub.store().ok_or_else(|| hub.notice().unwrap_or_else(not_open))?;
    let saved = blocking(move || {
        let wanted = checked(wanted, &store.outbox.settings()?)?;
        store.outbox.save_settings(&wanted)?;
        Ok(wanted)
    })
    .await?;
    hub.filing.notify_one();
    hub.tell(limpet_wire::desk::DeskEvent::State);
    Ok(saved)
}

fn not_open() -> Failure {
    Failure::new(Code::Internal, "The files of this profile are not open. Close Limpet and open it again.")
}

/// The settings as they can be kept, or the sentence that says what does not fit.
fn checked(mut wanted: Settings, before: &Settings) -> Result<Settings, Failure> {
    if !["", "en", "es"].contains(&wanted.language.as_str()) {
        return Err(Failure::new(Code::Invalid, "Limpet speaks English and Spanish. Choose one of them."));
    }
    if !["", "light", "dark"].contains(&wanted.theme.as_str()) {
        return Err(Failure::new(
            Code::Invalid,
            "The theme is light, dark, or that of the system. Choose one of them.",
        ));
    }
    if wanted.review_memory_mb != 0 && !(128..=4096).contains(&wanted.review_memory_mb) {
        return Err(Failure::new(
            Code::Invalid,
            "A review room keeps 128 to 4096 MB of pictures. Choose a size between them.",
        ));
    }
    wanted.filing_folder = wanted.filing_folder.trim().to_owned();
    // A share that is away for the moment must not keep somebody from changing the theme.
    if !wanted.filing_folder.is_empty() && wanted.filing_folder != before.filing_folder {
        check_folder(&wanted.filing_folder)?;
    }
    Ok(wanted)
}

fn check_folder(folder: &str) -> Result<(), Failure> {
    if !Path::new(folder).is_absolute() {
        return Err(Failure::new(Code::Invalid, "Choose the filing folder with its whole path."));
    }
    WatchedFolder::new(folder).check().map_err(|sentence| Failure::new(Code::Invalid, sentence))
}
