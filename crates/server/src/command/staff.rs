//! `limpet-server staff`: adding somebody who signs in.

use std::io::BufRead;

use anyhow::{Context, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use limpet_model::{PracticeId, Role, StaffId, StaffMember};

use super::{Place, practice_id, say, with_store};
use crate::{
    by::{Actor, By},
    clock::Clock,
    secrets::{check_password, hash_password},
    store::{Store, StoreError, staff::fold_email},
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
        let Self::Add { place, practice, name, email, role } = self;
        let practice = practice_id(&practice)?;
        let email = fold_email(&email);
        let member = StaffMember { id: StaffId::new(), name, role: role.into(), email, active: true };
        with_store(&place, async |store| add_staff(store, practice, &member).await).await
    }
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
