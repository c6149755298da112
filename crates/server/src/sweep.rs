//! Tidying: uploads that nobody finished, and uploads that were finished just before a crash.

use std::time::Duration;

use limpet_model::Millis;

use crate::{
    app::App,
    by::By,
    intake::{Intake, IntakeError, Turn},
    receive::finish_if_complete,
    store::{
        Result,
        uploads::{UPLOAD_LIFETIME, Upload},
    },
};

/// What the sender of a file reads that never came, or not all of it.
const TOO_LATE: &str = "The upload was not finished in time. Send the file again.";
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Looks at every upload under way and at every file that is there.
pub async fn once(app: &App) -> Result<()> {
    // The files first: one that is listed has had its row before, and has it still or is nobody's any more.
    let files = match app.intake.all().await {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!(%error, "Cannot look what has arrived");
            Vec::new()
        }
    };
    for upload in app.store.uploads().await? {
        sweep(app, &upload).await;
    }
    app.store.plan_retention(app.now()).await?;
    let long_ago = Millis(app.now().0 - UPLOAD_LIFETIME);
    for (practice, attachment) in app.store.never_begun(long_ago).await? {
        app.store.abandon_upload(By::server(practice, app.now()), attachment, None, TOO_LATE).await?;
        tracing::info!(%attachment, "Gave up a file that never began to arrive");
    }
    let uploads = app.store.uploads().await?;
    let jobs = app.store.files_with_jobs().await?;
    for file in files {
        let wanted = uploads.iter().any(|upload| upload.file_of() == file) || jobs.contains(&file);
        if wanted || app.intake.is_busy(file) {
            continue;
        }
        let attachment = file.attachment;
        match app.intake.remove(file).await {
            Ok(()) => tracing::info!(%attachment, "Removed a file that a crash left behind"),
            Err(error) => tracing::warn!(%attachment, %error, "Cannot remove a file"),
        }
    }
    if let Intake::Shared(shared) = &app.intake {
        match shared.sweep().await {
            Ok(0) => {}
            Ok(parts) => tracing::info!(parts, "Removed parts that a crash left behind"),
            Err(error) => tracing::warn!(%error, "Cannot look for parts that are nobody's"),
        }
    }
    Ok(())
}

/// From time to time until the server stops.
pub async fn every_now_and_then(app: App) {
    while app.stopping.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = once(&app).await {
            tracing::warn!(%error, "Cannot look after uploads");
        }
    }
}

async fn sweep(app: &App, upload: &Upload) {
    match finish_if_complete(app, upload).await {
        Ok(true) => tracing::info!(attachment = %upload.attachment, "Finished an upload that was complete"),
        Ok(false) if upload.expires_at <= app.now() => expire(app, upload).await,
        Ok(false) => {}
        Err(problem) => {
            tracing::warn!(attachment = %upload.attachment, ?problem, "Cannot look after an upload");
        }
    }
}

async fn expire(app: &App, upload: &Upload) {
    match app.intake.take_turn(upload.file_of()).await {
        Ok(Some(turn)) => {
            match give_up(app, upload, &turn).await {
                Ok(()) => {
                    tracing::info!(attachment = %upload.attachment, "Gave up an upload that nobody finished");
                }
                Err(error) => {
                    tracing::warn!(attachment = %upload.attachment, %error, "Cannot give an upload up");
                }
            }
            turn.give_back().await;
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(attachment = %upload.attachment, %error, "Cannot give an upload up"),
    }
}

async fn give_up(app: &App, upload: &Upload, turn: &Turn) -> Result<(), IntakeError> {
    let by = By::server(upload.practice, app.now());
    app.store.abandon_upload(by, upload.attachment, turn.hold(), TOO_LATE).await?;
    app.intake.remove(upload.file_of()).await
}
