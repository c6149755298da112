//! `limpet-server token`: what integrations come in with.

use anyhow::{anyhow, bail};
use clap::Subcommand;
use limpet_model::{Millis, PracticeId, TokenId};
use limpet_wire::integrations::{NewToken, Scope, TokenInfo};

use super::{Place, practice_id, say, with_store};
use crate::{
    by::{Actor, By},
    clock::Clock,
    secrets::{new_api_token, token_hash},
    store::Store,
    words,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for an integration and print it. It is kept nowhere and never shown again.
    Add {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
        /// What it is for: the integration's name.
        #[arg(long)]
        name: String,
        #[arg(long = "scope", required = true, value_parser = read_scope, help = scope_help())]
        scopes: Vec<Scope>,
        /// After how many days it lets nobody in any more; never by default.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
    },
    /// List a practice's tokens: id, name, scopes, when it was last used, and whether it still lets in.
    List {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
    },
    /// Revoke a token for good.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
        /// The token's id, as `list` prints it.
        id: String,
    },
}

fn read_scope(word: &str) -> Result<Scope, String> {
    let found = Scope::ALL.into_iter().find(|scope| scope.word() == word);
    found.ok_or_else(|| format!("the scopes are {}", scope_words()))
}

fn scope_help() -> String {
    format!("What it may do; may be given several times. The scopes: {}", scope_words())
}

fn scope_words() -> String {
    Scope::ALL.map(Scope::word).join(", ")
}

/// Does it.
pub(super) async fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Add { place, practice, name, scopes, days } => {
            let now = Clock::system().now();
            let expires_at = days.map(|days| Millis(now.0 + days * DAY));
            let new = NewToken { name, scopes, expires_at };
            let practice = practice_id(&practice)?;
            with_store(&place, async |store| add(store, practice, &new, now).await).await
        }
        TokenCommand::List { place, practice } => {
            let practice = practice_id(&practice)?;
            with_store(&place, async |store| list(store, practice).await).await
        }
        TokenCommand::Revoke { place, practice, id } => {
            let practice = practice_id(&practice)?;
            let id =
                id.parse().map_err(|_| anyhow!("{id} is not a token's id; see limpet-server token list"))?;
            with_store(&place, async |store| revoke(store, practice, id).await).await
        }
    }
}

async fn add(store: &Store, practice: PracticeId, new: &NewToken, now: Millis) -> anyhow::Result<()> {
    words::check_token(new).map_err(|problem| anyhow!(problem.failure().message.clone()))?;
    if store.practice(practice).await?.is_none() {
        bail!("there is no practice with the id {practice}");
    }
    let token = new_api_token()?;
    store
        .add_token(By::new(practice, Actor::Operator, now), TokenId::new(), &token_hash(&token), new)
        .await?;
    say(&token)
}

async fn list(store: &Store, practice: PracticeId) -> anyhow::Result<()> {
    let now = Clock::system().now();
    for token in store.tokens(practice).await? {
        say(&line(&token, now))?;
    }
    Ok(())
}

/// A token on a line, separated by tabs.
fn line(token: &TokenInfo, now: Millis) -> String {
    let scopes = token.scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ");
    let day = |at: Millis| {
        jiff::Timestamp::from_millisecond(at.0).map_or("?".into(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    let used = token.used_at.map_or("never used".into(), |at| format!("used {}", day(at)));
    let state = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= now => format!("ran out {}", day(at)),
        (None, Some(at)) => format!("until {}", day(at)),
        (None, None) => "open".into(),
    };
    format!("{}\t{}\t{scopes}\t{used}\t{state}", token.id, token.name)
}

async fn revoke(store: &Store, practice: PracticeId, id: TokenId) -> anyhow::Result<()> {
    if !store.revoke_token(By::new(practice, Actor::Operator, Clock::system().now()), id).await? {
        bail!("the practice has no token with the id {id}");
    }
    say("revoked")
}
