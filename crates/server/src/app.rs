//! What every route has at hand.

use std::sync::{Arc, atomic::AtomicBool};

use limpet_model::{Attachment, AttachmentId, Millis, PracticeId};
use limpet_wire::changes::{ChangePage, Entity};
use sha2::{Digest, Sha256};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    blobs::Blobs,
    by::{Actor, By},
    clock::Clock,
    doorbell::Doorbell,
    hooks::Sender,
    intake::Intake,
    live::Live,
    logo::Easel,
    mail::Post,
    metrics::Metrics,
    openings::Openings,
    passwords::Passwords,
    peer::Peer,
    routes::BucketAnswer,
    scratch::Scratch,
    store::{Result, Store},
    traces::Traces,
};

/// The running server, as its routes see it. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// The parts of [`App`].
pub struct Inner {
    /// What is remembered.
    pub store: Store,
    /// The bytes.
    pub blobs: Blobs,
    /// Files that are still arriving.
    pub intake: Intake,
    /// Files that jobs make on their way.
    pub scratch: Scratch,
    /// What time it is.
    pub clock: Clock,
    /// Who opened which file.
    pub openings: Openings,
    /// Who listens.
    pub live: Live,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where spans go.
    pub traces: Traces,
    /// Where logos are drawn.
    pub easel: Easel,
    /// Where passwords are checked.
    pub passwords: Passwords,
    /// What is asked for without a session, and how often lately.
    pub doorbell: Doorbell,
    /// How mail is sent, where it is.
    pub post: Option<Post>,
    /// How the outside reaches this server, without a slash at the end.
    pub public_url: String,
    /// Whether addresses come from a proxy in front.
    pub behind_proxy: bool,
    /// Everything that runs beside the requests.
    pub tasks: TaskTracker,
    /// Set when it is about to stop: whoever balances the load sends nothing new.
    pub draining: AtomicBool,
    /// Whether the bucket answers.
    pub bucket_answer: BucketAnswer,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
    /// Names the past that revisions count in.
    pub epoch: String,
    /// Tells webhooks.
    pub outside: Sender,
    /// Whether webhooks may be on this computer.
    pub webhooks_to_loopback: bool,
    /// Key of the address hashes in the log of openings.
    pub address_key: String,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Shares the parts.
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// A path of this server as the outside writes it.
    pub fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Whether the outside comes over TLS.
    pub fn is_secure(&self) -> bool {
        Url::parse(&self.public_url).is_ok_and(|url| url.scheme() == "https")
    }

    /// Gives attachments their whole links.
    pub fn with_links(&self, mut page: ChangePage) -> ChangePage {
        for change in &mut page.changes {
            if let Entity::Attachment(attachment) = &mut change.entity {
                self.link(attachment);
            }
        }
        page
    }

    fn link(&self, attachment: &mut Attachment) {
        attachment.link = attachment.link.take().map(|path| self.address_of(&path));
    }

    /// Where somebody is, as the log of openings keeps it: a hash that only this installation can compute.
    pub fn address_hash(&self, peer: Peer) -> String {
        let keyed = Sha256::new().chain_update(&self.address_key).chain_update(peer.to_string()).finalize();
        hex::encode(keyed.get(..16).unwrap_or_default())
    }

    /// Writes the opening of a media link down.
    pub async fn log_opening(
        &self,
        practice: PracticeId,
        attachment: AttachmentId,
        what: &'static str,
        peer: Peer,
    ) -> Result<()> {
        let by = By::new(practice, Actor::Link, self.now());
        self.openings.log(self, by, attachment, what, self.address_hash(peer)).await
    }
}
