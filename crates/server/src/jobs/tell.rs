//! Telling a webhook what happened, and again later when that fails.
//!
//! **Invariant:** what was told twice had one id, by which the other side knows it.

use limpet_model::{DeliveryId, Millis};

use super::trouble::Trouble;
use crate::{
    app::App,
    hooks::Said,
    store::{jobs::Job, webhooks::Outcome},
};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// How long to wait after each attempt, milliseconds: about three days in all, then it is given up.
const WAITS: [i64; 9] =
    [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 20 * HOUR, 30 * HOUR];

/// Tells it, and writes down what came of that.
pub(super) async fn tell(app: &App, job: Job, id: DeliveryId) -> Result<(), Trouble> {
    let Some(telling) = app.store.telling(job.practice, id).await? else {
        // Its webhook was removed, or is gone.
        app.store.finish_job(job).await?;
        return Ok(());
    };
    let said = app.outside.send(&telling, app.clock.own()).await;
    let outcome = outcome_of(job.attempt, said, app.now());
    match &outcome {
        Outcome::Told => tracing::info!(webhook = %telling.webhook, delivery = %id, "Told a webhook"),
        Outcome::Gone => {
            tracing::warn!(webhook = %telling.webhook, "A webhook is gone; nothing more is told there");
        }
        Outcome::Again(_, error) | Outcome::Dead(error) => {
            let (attempt, given_up) = (job.attempt, matches!(outcome, Outcome::Dead(_)));
            tracing::warn!(
                webhook = %telling.webhook, delivery = %id, attempt, given_up, error, "Could not tell a webhook"
            );
        }
    }
    if app.store.end_delivery(job, &telling, &outcome, app.now()).await? {
        Ok(())
    } else {
        Err(Trouble::Lost)
    }
}

fn outcome_of(attempt: i64, said: Said, now: Millis) -> Outcome {
    let error = match said {
        Said::Yes => return Outcome::Told,
        Said::Gone => return Outcome::Gone,
        Said::No(error) => error,
    };
    let wait = usize::try_from(attempt - 1).ok().and_then(|nth| WAITS.get(nth));
    match wait {
        Some(wait) => Outcome::Again(Millis(now.0 + wait), error),
        None => Outcome::Dead(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_tried_for_three_days_and_then_given_up() {
        let (mut now, mut attempts) = (Millis(0), 0);
        loop {
            attempts += 1;
            match outcome_of(attempts, Said::No("no answer".into()), now) {
                Outcome::Again(at, _) => now = at,
                Outcome::Dead(_) => break,
                outcome => panic!("{outcome:?}"),
            }
        }
        assert_eq!(attempts, 10);
        assert!((2 * 24 * HOUR..4 * 24 * HOUR).contains(&now.0), "{now:?}");
    }
}
