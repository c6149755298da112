//! Revisions that another process made: the command line beside a running server, or another node.

use std::time::Duration;

use crate::app::App;

/// How late a listener may hear of them where nobody tells us.
const EVERY: Duration = Duration::from_secs(2);

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

/// Hears of other nodes' revisions at once, where the database can tell of them.
pub async fn other_nodes(app: App) {
    loop {
        match app.stopping.run_until_cancelled(app.store.hear_other_nodes()).await {
            None | Some(Ok(())) => return,
            Some(Err(error)) => tracing::warn!(%error, "Cannot hear other nodes"),
        }
        app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}
