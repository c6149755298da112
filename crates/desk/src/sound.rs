//! Playing a clip that is open for review: the sound comes out of this computer, the clock goes to the UI.

use std::sync::Arc;

use limpet_model::AttachmentId;
use limpet_playback::{Player, Wanted};
use limpet_video::Speed;
use limpet_wire::{
    Code, Failure,
    desk::DeskEvent,
    sound::{PlaySound, SoundClock},
};

use crate::hub::{Hub, blocking};

/// Plays, or goes on differently.
pub(crate) async fn play(hub: &Arc<Hub>, wanted: PlaySound) -> Result<SoundClock, Failure> {
    let player = player(hub, wanted.clip).await?;
    let PlaySound { from, rate, between, muted, .. } = wanted;
    let between = between.map(|marks| (marks.a, marks.b));
    let wanted = Wanted { from, speed: Speed::of_rate(rate), between, muted };
    blocking(move || Ok(player.play(wanted))).await
}

/// Stops and answers where.
pub(crate) async fn stop(hub: &Arc<Hub>, clip: AttachmentId) -> Result<SoundClock, Failure> {
    let player = player(hub, clip).await?;
    blocking(move || Ok(player.stop())).await
}

async fn player(hub: &Arc<Hub>, clip: AttachmentId) -> Result<Arc<Player>, Failure> {
    let events = hub.events.clone();
    let tell = move |clock| {
        // An error only says that nobody listens.
        let _ = events.send(DeskEvent::Sound { clip, clock });
    };
    let room = hub.rooms.open(clip).await.ok_or_else(|| {
        Failure::new(Code::NotFound, "This clip is not open for review. Open it again to play it.")
    })?;
    room.player(|open| {
        Player::open(open, hub.outlet, tell).map_err(|error| {
            tracing::error!(%error, "There is no thread for sound");
            Failure::new(Code::Internal, "The sound could not be started. Close some programs and try again.")
        })
    })
}
