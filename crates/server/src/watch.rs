//! Revisions that another process made: the command line beside a running server, or another node.

use std::time::Duration;

use crate::app::App;

/// How late a listener may hear of them where nobody tells us.
const EVERY: Duration = Duration::from_secs(2);

/// Looks, for every practice that somebody listens to, whether there is a revision this process did not make.
pub async fn other_processes(app: App) {
    while app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        for practice in app.live.listened() {
            match app.store.revision(practice).await {
                Ok(revision) => app.live.found(practice, revision),
                Err(error) => tracing::warn!(%practice, %error, "Cannot look for revisions"),
            }
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
