//! What other processes do: revisions they make, the command line beside a running server or another node, and the clock
//! that all nodes go by.

use std::time::Duration;

use crate::{app::App, store::Result};

/// How late a listener may hear of them where nobody tells us.
const EVERY: Duration = Duration::from_secs(2);

/// How often the clocks are compared.
const COMPARE_EVERY: Duration = Duration::from_secs(30);
/// From here on somebody should mend the machine's clock, milliseconds.
const WRONG: i64 = 3000;

/// Goes by the database's clock. Those of nodes differ, and whose lease has run out must not.
pub async fn set_clock(app: &App) -> Result<()> {
    let (before, ahead) = (app.clock.ahead(), app.store.is_ahead_of(&app.clock).await?);
    app.clock.go_by(ahead);
    // Said when it begins, and when it changes.
    if ahead.abs() > WRONG && (ahead - before).abs() > WRONG {
        tracing::warn!(
            milliseconds = ahead,
            "The database's clock is ahead of this machine's by so much: mend one of them. The database's counts"
        );
    }
    Ok(())
}

/// Compares the clocks from time to time.
pub async fn databases_clock(app: App) {
    while app.stopping.run_until_cancelled(tokio::time::sleep(COMPARE_EVERY)).await.is_some() {
        if let Err(error) = set_clock(&app).await {
            tracing::warn!(%error, "Cannot compare the clocks");
        }
    }
}

/// Looks whether a practice that somebody listens to has a revision this process did not make: one question for all of
/// them, however many listen.
pub async fn other_processes(app: App) {
    while app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if app.live.listened().is_empty() {
            continue;
        }
        match app.store.revisions().await {
            Ok(all) => all.into_iter().for_each(|(practice, revision)| app.live.found(practice, revision)),
            Err(error) => tracing::warn!(%error, "Cannot look for revisions"),
        }
    }
}

/// Tells other nodes of this one's revisions, where the database can carry that.
pub async fn tell_other_nodes(app: App) {
    loop {
        match app.stopping.run_until_cancelled(app.store.tell_other_nodes()).await {
            None | Some(Ok(())) => return,
            Some(Err(error)) => tracing::warn!(%error, "Cannot tell other nodes"),
        }
        app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

/// Hears of other nodes' revisions, and of who is where, at once, where the database can tell of them.
pub async fn other_nodes(app: App) {
    loop {
        match app.stopping.run_until_cancelled(app.store.hear_other_nodes(&app.clock)).await {
            None | Some(Ok(())) => return,
            Some(Err(error)) => tracing::warn!(%error, "Cannot hear other nodes"),
        }
        app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}
