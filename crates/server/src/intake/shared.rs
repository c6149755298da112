//! Files that arrive in a bucket, as parts that any node can go on from.
//!
//! **Invariant:** a part is told only once its object is in the bucket and its row is committed under the turn. A kill at
//! any instant leaves at most an object without a row, which is swept away. **Invariant:** no object is ever written
//! twice: its name holds the turn it was written in.

use std::{sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use limpet_model::Millis;
use object_store::PutPayloadMut;
use tokio::{io::AsyncWriteExt, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    PATIENCE, Result, Turn,
    memory::{BLOCK, Held, Memory},
    turn::{Signals, Writers},
};
use crate::{
    blobs::{BlobError, Blobs},
    clock::Clock,
    file_of::FileOf,
    scratch::Working,
    store::{Store, StoreError, parts::PartOf, turns::Hold},
};

/// A part is put away when it has so many bytes.
const PART: usize = 4 * 1024 * 1024;
/// A part is put away so long after its first byte, however slow the line is: what came before is not lost with it.
const KEEP_AFTER: Duration = Duration::from_secs(5);
/// How often this node says that it still holds its turns, and hears who waits for one.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How often somebody who waits for another node's turn looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// An object without a row is left alone for so long, milliseconds: its row may be about to be written.
const YOUNG: i64 = 24 * 60 * 60 * 1000;

/// The bucket, the rows, and who is writing on this node. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    store: Store,
    blobs: Blobs,
    clock: Clock,
    node: Arc<str>,
    tasks: TaskTracker,
    memory: Memory,
    /// By token: a turn is known before it is taken, so that none is ever taken for left behind.
    writers: Writers<String>,
}

impl Shared {
    /// What arrives for the node of this name.
    pub fn new(store: Store, blobs: Blobs, clock: Clock, node: &str, tasks: TaskTracker) -> Self {
        let (memory, writers) = (Memory::default(), Writers::default());
        Self { store, blobs, clock, node: node.into(), tasks, memory, writers }
    }

    pub(super) fn tasks(&self) -> TaskTracker {
        self.tasks.clone()
    }

    pub(super) async fn take_turn(&self, of: FileOf) -> Result<Option<Turn>> {
        let hold = Hold::new(of);
        let Some(signals) = self.writers.enter(hold.token.clone()) else { return Ok(None) };
        // From here on it ends with whoever asked, also if the answer never comes.
        let turn = Turn::shared(signals, self.clone(), hold.clone());
        if self.store.take_turn(&hold, &self.node, self.clock.now()).await? {
            return Ok(Some(turn));
        }
        turn.give_back().await;
        Ok(None)
    }

    /// Waits until the turn is free; takes it away when its holder does not answer. That costs at most what was never
    /// told to have arrived.
    pub(super) async fn ask_to_give_way(&self, of: FileOf) -> Result<()> {
        let Some(hold) = self.store.ask_for_turn(of, self.clock.now()).await? else { return Ok(()) };
        let here = self.writers.get(&hold.token);
        if let Some(signals) = &here {
            signals.give_way.cancel();
        }
        let gone = async {
            if let Some(signals) = here {
                signals.gone.cancelled().await;
                return Ok(());
            }
            while self.store.turn_goes_on(&hold, self.clock.now()).await? {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(())
        };
        if let Ok(done) = tokio::time::timeout(PATIENCE, gone).await {
            return done;
        }
        tracing::warn!(attachment = %of.attachment, "Took a turn from a writer that does not answer");
        Ok(self.store.end_turn(&hold).await?)
    }

    pub(super) async fn received(&self, of: FileOf) -> Result<u64> {
        Ok(u64::try_from(self.store.arrived(of).await?).unwrap_or(0))
    }

    pub(super) fn open(&self, hold: Hold, from: u64) -> Filling {
        Filling { shared: self.clone(), hold, end: from, bytes: empty(), held: Held::default(), since: None }
    }

    pub(super) async fn cut(&self, hold: &Hold, length: u64) -> Result<()> {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let names = self.store.cut_parts(hold, length).await?;
        Ok(self.blobs.remove_parts(hold.of, names).await?)
    }

    pub(super) async fn whole(&self, of: FileOf, bytes: u64, copy: Working) -> Result<Option<Working>> {
        let parts = self.store.parts(of).await?;
        if parts.last().is_none_or(|last| u64::try_from(last.ends) != Ok(bytes)) {
            return Ok(None);
        }
        let mut file = tokio::fs::File::create(copy.path()).await?;
        let mut end = 0;
        for part in parts {
            let mut stream = self.blobs.part(of, &part.name).await?;
            while let Some(piece) = stream.try_next().await? {
                end += piece.len() as u64;
                file.write_all(&piece).await?;
            }
            if u64::try_from(part.ends) != Ok(end) {
                let what = format!("a part ends at {end} instead of {}", part.ends);
                return Err(BlobError::Read(std::io::Error::other(what)).into());
            }
        }
        file.flush().await?;
        Ok(Some(copy))
    }

    pub(super) async fn remove(&self, of: FileOf) -> Result<()> {
        let names = self.store.forget_parts(of).await?;
        Ok(self.blobs.remove_parts(of, names).await?)
    }

    pub(super) async fn all(&self) -> Result<Vec<FileOf>> {
        Ok(self.store.files_with_parts().await?)
    }

    /// Takes away objects that have no row: their writer was killed, or lost its turn.
    pub async fn sweep(&self) -> Result<usize> {
        let old = Millis(self.clock.now().0 - YOUNG);
        let (mut list, mut removed) = (self.blobs.list_arriving(), 0);
        while let Some(object) = list.try_next().await? {
            let Some((of, name)) = Blobs::read_part_path(&object.path) else { continue };
            if object.modified < old && !self.store.knows_part(of, name).await? {
                self.blobs.remove_parts(of, vec![name.to_owned()]).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Holds on to this node's turns and hears who waits for one, until the server stops and nobody writes any more.
    pub async fn keep_turns(self, stopping: CancellationToken) {
        loop {
            let stopped = stopping.run_until_cancelled(tokio::time::sleep(RENEW_EVERY)).await.is_none();
            match (self.writers.is_empty(), stopped) {
                (true, true) => return,
                (true, false) => continue,
                // They put away what they have.
                (false, true) => tokio::time::sleep(LOOK_EVERY).await,
                (false, false) => {}
            }
            let turns = match self.store.renew_turns(&self.node, self.clock.now()).await {
                Ok(turns) => turns,
                Err(error) => {
                    tracing::warn!(%error, "Cannot hold on to the turns of uploads");
                    continue;
                }
            };
            for (hold, wanted) in turns {
                match self.writers.get(&hold.token) {
                    Some(signals) if wanted => signals.give_way.cancel(),
                    Some(_) => {}
                    // Its end could not be said when it came.
                    None => {
                        if let Err(error) = self.store.end_turn(&hold).await {
                            tracing::warn!(%error, "Cannot end a turn");
                        }
                    }
                }
            }
        }
    }
}

/// Ends a turn, and then says so.
pub(super) async fn end(shared: Shared, hold: Hold, signals: Signals) {
    if let Err(error) = shared.store.end_turn(&hold).await {
        tracing::warn!(attachment = %hold.of.attachment, %error, "Cannot end a turn; it runs out");
    }
    shared.writers.leave(&hold.token);
    signals.gone.cancel();
}

fn empty() -> PutPayloadMut {
    PutPayloadMut::new().with_block_size(BLOCK)
}

/// A part that is being filled.
pub struct Filling {
    shared: Shared,
    hold: Hold,
    /// Where it begins, which is where the parts before it end.
    end: u64,
    bytes: PutPayloadMut,
    held: Held,
    /// Since when it has bytes.
    since: Option<Instant>,
}

impl Filling {
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = PART - self.bytes.content_length();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.make_room(now.len()).await?;
            self.bytes.extend_from_slice(now);
            self.since.get_or_insert_with(Instant::now);
            if self.bytes.content_length() >= PART {
                self.flush().await?;
            }
            bytes = later;
        }
        Ok(())
    }

    async fn make_room(&mut self, more: usize) -> Result<()> {
        let bytes = self.bytes.content_length() + more;
        if !self.shared.memory.try_hold(&mut self.held, bytes) {
            // A smaller part, and then its memory is there for everybody.
            self.flush().await?;
            self.held = self.shared.memory.hold(more).await;
        }
        Ok(())
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + KEEP_AFTER)
    }

    pub(super) fn arrived(&self) -> u64 {
        self.end
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        let payload = std::mem::replace(&mut self.bytes, empty()).freeze();
        let (held, bytes) = (std::mem::take(&mut self.held), payload.content_length() as u64);
        self.since = None;
        if bytes == 0 {
            return Ok(());
        }
        let end = self.end + bytes;
        let number = |offset| i64::try_from(offset).unwrap_or(i64::MAX);
        let part = PartOf {
            of: self.hold.of,
            begins: number(self.end),
            ends: number(end),
            name: format!("{}-{}", self.end, self.hold.token),
        };
        self.shared.blobs.put_part(part.of, &part.name, payload).await?;
        drop(held);
        if let Err(error) = self.shared.store.add_part(&self.hold, &part).await {
            // Of other errors it is not known whether the row is there.
            if matches!(error, StoreError::TurnLost) {
                let _ = self.shared.blobs.remove_parts(part.of, vec![part.name]).await;
            }
            return Err(error.into());
        }
        self.end = end;
        Ok(())
    }
}
