//! `limpet-server staff`: adding somebody who signs in, and letting in again who cannot.

use std::io::BufRead;

use anyhow::{Context, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use limpet_model::{PracticeId, Role, StaffId, StaffMember};
use url::Url;

use super::{Place, practice_id, say, with_store};
use crate::{
    by::{Actor, By},
    clock::Clock,
    secrets::{check_password, hash_password, new_token, token_hash},
    store::{
        Store, StoreError,
        account_links::LinkFor,
        staff::{SignInRow, fold_email},
    },
};

#[derive(Subcommand)]
pub(super) enum StaffCommand {
    /// Add a staff member and print the id. The password is read from standard input.
    Add {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
        /// Name as clients see it.
        #[arg(long)]
        name: String,
        /// E-mail address to sign in with.
        #[arg(long)]
        email: String,
        /// What they may do.
        #[arg(long)]
        role: RoleName,
    },
    /// Print a link that sets a password, for somebody who forgot it where no mail is sent. It opens once, within an
    /// hour; for somebody who was invited, within seven days.
    Link {
        #[command(flatten)]
        place: Place,
        /// E-mail address that they sign in with.
        #[arg(long)]
        email: String,
        /// How the outside reaches the server: the link begins with it.
        #[arg(long, value_name = "URL")]
        public_url: Url,
    },
    /// Take codes at sign-in off an account, for an administrator who has lost the phone and the recovery codes. Its
    /// sessions end.
    CodesOff {
        #[command(flatten)]
        place: Place,
        /// E-mail address that they sign in with.
        #[arg(long)]
        email: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RoleName {
    Admin,
    Veterinarian,
    Technician,
    #[value(alias = "front_desk")]
    FrontDesk,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Veterinarian => Self::Veterinarian,
            RoleName::Technician => Self::Technician,
            RoleName::FrontDesk => Self::FrontDesk,
        }
    }
}

impl StaffCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add { place, practice, name, email, role } => {
                let practice = practice_id(&practice)?;
                let email = fold_email(&email);
                let member = StaffMember { id: StaffId::new(), name, role: role.into(), email, active: true };
                with_store(&place, async |store| add_staff(store, practice, &member).await).await
            }
            Self::Link { place, email, public_url } => {
                with_store(&place, async |store| link(store, &email, &public_url).await).await
            }
            Self::CodesOff { place, email } => {
                with_store(&place, async |store| codes_off(store, &email).await).await
            }
        }
    }
}

async fn find(store: &Store, email: &str) -> anyhow::Result<(By, SignInRow)> {
    let found = store.staff_by_email(email).await?;
    let found = found.with_context(|| format!("nobody signs in as {}", fold_email(email)))?;
    Ok((By::new(found.practice, Actor::Operator, Clock::system().now()), found))
}

async fn link(store: &Store, email: &str, public_url: &Url) -> anyhow::Result<()> {
    if !matches!(public_url.scheme(), "http" | "https") {
        bail!("--public-url has to begin with http:// or https://");
    }
    let (by, found) = find(store, email).await?;
    if !found.staff.active {
        bail!("this account is closed; an administrator opens it again");
    }
    let kind = if found.password_hash.is_empty() { LinkFor::Invitation } else { LinkFor::Reset };
    let token = new_token()?;
    store.hand_over_link(by, found.staff.id, kind, &token_hash(&token)).await?;
    say(&format!("{}/a/{token}", public_url.as_str().trim_end_matches('/')))
}

async fn codes_off(store: &Store, email: &str) -> anyhow::Result<()> {
    let (by, found) = find(store, email).await?;
    let (on, _) = store.second_step(by.practice, found.staff.id).await?;
    if !on {
        bail!("no codes are asked for at this account");
    }
    store.end_second_step(by, found.staff.id, true).await?;
    say("off")
}

async fn add_staff(store: &Store, practice: PracticeId, member: &StaffMember) -> anyhow::Result<()> {
    if member.name.trim().is_empty() {
        bail!("the staff member needs a name");
    }
    let parts = member.email.split_once('@');
    if !parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@')) {
        bail!("{} is not an e-mail address", member.email);
    }
    if store.practice(practice).await?.is_none() {
        bail!("there is no practice with the id {practice}");
    }
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .context("cannot read the password from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password on standard input");
    }
    check_password(password, &member.email).map_err(|reason| anyhow!(reason))?;
    let hash = hash_password(password).map_err(|error| anyhow!("cannot hash the password: {error}"))?;
    match store.add_staff(By::new(practice, Actor::Operator, Clock::system().now()), member, &hash).await {
        Ok(()) => say(&member.id.to_string()),
        Err(StoreError::Conflict(_)) => bail!("somebody already signs in as {}", member.email),
        Err(error) => Err(error.into()),
    }
}
