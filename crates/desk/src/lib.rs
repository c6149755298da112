//! The desktop app without a window: joins cache, synchronisation, review, paper and filing, and answers the
//! calls of `limpet_wire::calls`.
//!
//! A host (the window, the bridge, the CLI) opens a [`Desk`] on a profile folder, passes calls in, and tells its UI
//! about events. Nothing else of this crate is needed to run one.
//!
//! **Invariant:** what a call answered is durable before it answers. **Invariant:** secrets are only in the
//! [`vault`]; everything on the disk is encrypted with what is in there.

mod answers;
mod care;
mod compose;
mod events;
mod export;
mod fetch;
mod filings;
mod hub;
mod lists;
mod media;
mod papers;
mod people;
mod prefetch;
mod presence;
mod profile;
mod review;
mod save;
mod session;
mod settings;
mod sniff;
mod sound;
mod stills;
mod thread;
pub mod vault;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use limpet_model::AttachmentId;
use limpet_sync::{
    clock::{Clock, SystemClock},
    plan::Pace,
};
use limpet_wire::{
    Code, Failure,
    calls::{self, Call},
    desk::DeskEvent,
};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::DropGuard;

pub use export::{TranscriptOptions, transcript_beside};
pub use limpet_cache::media::MediaKind;
pub use limpet_playback::Outlet;
pub use media::Media;

use hub::Hub;
use vault::{Keyring, Vault};

/// What a desk needs to open.
pub struct DeskOptions {
    /// Folder of the profile; made if need be.
    pub profile: PathBuf,
    /// Where its secrets are.
    pub vault: Arc<dyn Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How often to try to reach the server.
    pub pace: Pace,
    /// Bytes of downloaded media kept on this computer.
    pub media_budget: u64,
    /// Name of this computer, shown in the server's list of sessions.
    pub device: String,
    /// Where the sound of clips goes.
    pub outlet: Outlet,
}

impl DeskOptions {
    /// A profile whose secrets are in the keyring of the operating system.
    pub fn new(profile: impl Into<PathBuf>) -> Self {
        let profile = profile.into();
        Self {
            vault: Arc::new(Keyring::new(&profile)),
            clock: Arc::new(SystemClock),
            pace: Pace::default(),
            media_budget: 20 * 1024 * 1024 * 1024,
            device: device_name(),
            outlet: Outlet::Device,
            profile,
        }
    }
}

/// The profile's folder when none is named: `limpet` in the platform's data folder.
pub fn default_profile() -> Result<PathBuf, Failure> {
    directories::BaseDirs::new().map(|dirs| dirs.data_dir().join("limpet")).ok_or_else(|| {
        Failure::new(Code::Invalid, "This account has no home folder. Name a profile folder with --profile.")
    })
}

fn device_name() -> String {
    let named = ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let named = named.or_else(|| std::fs::read_to_string(Path::new("/etc/hostname")).ok());
    named
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "desktop".to_owned())
}

/// The desktop app without a window. Cheap to clone; when the last one is dropped, everything it does ends.
#[derive(Clone)]
pub struct Desk {
    hub: Arc<Hub>,
    _stop: Arc<DropGuard>,
}

impl Desk {
    /// Opens a profile. Without a keyring it opens all the same, empty, with a notice that says what to do.
    ///
    /// # Errors
    /// `Conflict` when another process has the profile open; otherwise what is wrong with its files.
    pub async fn open(options: DeskOptions) -> Result<Self, Failure> {
        let hub = Hub::open(options).await?;
        let stop = Arc::new(hub.stop.clone().drop_guard());
        Ok(Self { hub, _stop: stop })
    }

    /// Answers a call as JSON.
    pub async fn answer(&self, call: Call) -> Result<Value, Failure> {
        calls::answer(self, call).await
    }

    /// What happens from now on. A receiver that falls behind asks for everything again.
    pub fn events(&self) -> broadcast::Receiver<DeskEvent> {
        self.hub.events.subscribe()
    }

    /// The bytes of a picture, poster, rendition or document, staged ones too; downloads them if need be.
    pub async fn media(&self, attachment: AttachmentId, kind: MediaKind) -> Result<Media, Failure> {
        media::media(&self.hub, attachment, kind).await
    }

    /// The bytes of a clip as its decoder gets them, also while they arrive. For tests.
    #[cfg(feature = "testing")]
    pub async fn clip_bytes(
        &self,
        attachment: AttachmentId,
    ) -> Result<Arc<dyn limpet_video::ByteSource>, Failure> {
        review::bytes(&self.hub, attachment).await
    }

    /// Ends everything in order: nothing is lost without it, but the next start is quicker with it.
    pub async fn close(&self) {
        self.hub.close().await;
    }
}
