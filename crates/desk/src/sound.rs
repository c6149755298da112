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

use crate::{
    hub::{Hub, blocking},
    review::Room,
};

/// Plays, or goes on differently.
pub(crate) async fn play(hub: &Arc<Hub>, wanted: PlaySound) -> Result<SoundClock, Failure> {
    let PlaySound { clip, from, rate, between, muted } = wanted;
    let room = room(hub, clip).await?;
    let (events, outlet) = (hub.events.clone(), hub.outlet);
    let tell = move |clock| {
        // An error only says that nobody listens.
        let _ = events.send(DeskEvent::Sound { clip, clock });
    };
    blocking(move || {
        let player = room.player(|clip| {
            Player::open(clip, outlet, tell).map_err(|error| {
                tracing::error!(%error, "There is no thread for sound");
                Failure::new(
                    Code::Internal,
                    "The sound could not be started. Close some programs and try again.",
                )
            })
        })?;
        let between = between.map(|marks| (marks.a, marks.b));
        Ok(player.play(Wanted { from, speed: Speed::of_rate(rate), between, muted }))
    })
    .await
}

/// Stops and answers where.
pub(crate) async fn stop(hub: &Arc<Hub>, clip: AttachmentId) -> Result<SoundClock, Failure> {
    let room = room(hub, clip).await?;
    blocking(move || Ok(room.playing().map_or_else(SoundClock::default, |player| player.stop()))).await
}

async fn room(hub: &Arc<Hub>, clip: AttachmentId) -> Result<Arc<Room>, Failure> {
    hub.rooms.open(clip).await.ok_or_else(|| {
        Failure::new(Code::NotFound, "This clip is not open for review. Open it again to play it.")
    })
}
