//! Mailing links into an account.
//!
//! **Invariant:** a link is made here, its hash is kept, and the link itself is only ever in the mail. **Invariant:**
//! logs say that a mail went out or did not, and never to whom.

use limpet_model::{Millis, StaffId, StaffMember};

use super::trouble::Trouble;
use crate::{
    app::App,
    mail::{Letter, Refusal, write},
    pages::Language,
    secrets::{new_token, token_hash},
    store::{
        StoreError,
        account_links::{AccountLink, LinkFor},
        jobs::{Job, PutBack, back_off},
        mails::ATTEMPTS,
    },
};

/// Mails about a forgotten password that an account gets in an hour, whoever asks and on however many nodes.
const RESETS: i64 = 3;
const HOUR: i64 = 60 * 60 * 1000;

/// Sends it, and writes down what came of that.
pub(super) async fn mail(app: &App, job: Job, staff: StaffId, kind: LinkFor) -> Result<(), Trouble> {
    let link = AccountLink { practice: job.practice, staff, kind };
    let sent = match addressee(app, job, link).await? {
        Some(member) => send(app, job, link, &member).await?,
        None => Ok(()),
    };
    let (reason, again) = match sent {
        Ok(()) => return end(app, job).await,
        Err(Refusal::ForNow(reason)) => (reason, job.attempt < ATTEMPTS),
        Err(Refusal::ForGood(reason)) => (reason, false),
    };
    tracing::warn!(job = %job.work, attempt = job.attempt, again, reason, "A mail did not go out");
    if !again && kind == LinkFor::Reset {
        // Hours later nobody waits for it any more.
        return end(app, job).await;
    }
    let how = if again { PutBack::Failed } else { PutBack::Dead };
    let later = Millis(app.now().0 + back_off(job.attempt));
    Ok(app.store.put_back_job(job, how, later, &reason).await?)
}

async fn end(app: &App, job: Job) -> Result<(), Trouble> {
    if app.store.end_mail(job).await? { Ok(()) } else { Err(Trouble::Lost) }
}

async fn send(
    app: &App,
    job: Job,
    link: AccountLink,
    member: &StaffMember,
) -> Result<Result<(), Refusal>, Trouble> {
    let Some(post) = &app.post else { return Ok(Err(Refusal::ForNow("no mail server".into()))) };
    let practice = app.store.practice(link.practice).await?.map(|practice| practice.name).unwrap_or_default();
    let language = Language::of_tag(&app.store.mail_language(job).await?);
    let token = new_token().map_err(StoreError::from)?;
    app.store.add_account_link(&token_hash(&token), link, app.now()).await?;
    let letter = Letter {
        name: &member.name,
        practice: &practice,
        link: &app.address_of(&format!("/a/{token}")),
        server: &app.address_of(""),
        email: &member.email,
        kind: link.kind,
    };
    let (subject, body) = write(language, &letter);
    let sent = post.send(&member.email, subject, body).await;
    if sent.is_ok() {
        tracing::info!(practice = %link.practice, staff = %link.staff, "A mail went out");
    } else {
        // Nobody has it: it opens nothing, and is not counted as one that somebody got.
        app.store.use_account_link(&token_hash(&token), link).await?;
    }
    Ok(sent)
}

/// Who is written to; `None` when there is nobody, or nobody any more.
async fn addressee(app: &App, job: Job, link: AccountLink) -> Result<Option<StaffMember>, StoreError> {
    if link.kind == LinkFor::Invitation {
        return match app.store.invited(link.practice, link.staff).await {
            Ok(member) => Ok(Some(member)),
            Err(StoreError::Missing(_) | StoreError::Conflict(_)) => Ok(None),
            Err(error) => Err(error),
        };
    }
    let member = app.store.staff_member(link.practice, link.staff).await?;
    let Some(member) = member.filter(|member| member.active) else { return Ok(None) };
    let lately = Millis(app.now().0 - HOUR);
    // Asked once for each mail: what an attempt that was cut off left behind is none that arrived.
    if job.attempt == 1 && app.store.count_account_links(link, lately).await? >= RESETS {
        tracing::info!(practice = %link.practice, staff = %link.staff, "Enough mails about a forgotten password");
        return Ok(None);
    }
    Ok(Some(member))
}
