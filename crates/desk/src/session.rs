//! Signing in and out, and the state of the desk.
//!
//! **Invariant:** the outbox belongs to one staff member. Somebody else signs in only when nothing in it is unsent,
//! for a message must never go out under another name.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use limpet_cache::outbox::Owner;
use limpet_model::{Practice, StaffMember};
use limpet_sync::{
    Engine, Link, Server, Store, SyncEvent, engine::EngineParts, http::server_address, lay_over,
};
use limpet_wire::{
    Code, Failure,
    desk::{Connection, DeskEvent, DeskSignIn, DeskState, Session},
    http::SignIn,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    events,
    hub::{Hub, SignedIn, blocking},
    profile,
    vault::Vault,
};

/// The session's name in the vault.
const SESSION: &str = "session";

/// The name in the vault of what this device is known by. It stays when somebody signs out.
const MARK: &str = "device mark";

#[derive(Serialize, Deserialize)]
struct Mark {
    server: String,
    mark: String,
}

/// What the vault keeps of a session.
#[derive(Serialize, Deserialize)]
struct Kept {
    server: String,
    token: String,
    practice: Practice,
    staff: StaffMember,
}

/// The desk as a whole.
pub(crate) async fn state(hub: &Arc<Hub>) -> Result<DeskState, Failure> {
    let Some(store) = hub.store() else {
        return Ok(DeskState {
            session: None,
            connection: Connection::SignedOut,
            unsent: 0,
            refused_changes: 0,
            notice: hub.notice(),
            server: String::new(),
        });
    };
    let signed_in = hub.signed_in();
    let notice = hub.notice();
    blocking(move || {
        let unsent = store.outbox.unsent()?;
        let refused_changes = u32::try_from(store.outbox.refused_changes()?.len()).unwrap_or(u32::MAX);
        let server = store.outbox.owner()?.map(|owner| owner.server).unwrap_or_default();
        let Some(here) = signed_in else {
            return Ok(DeskState {
                session: None,
                connection: Connection::SignedOut,
                unsent,
                refused_changes,
                notice,
                server,
            });
        };
        // The feed knows better than the sign-in, once it has come that far.
        let practice = store.cache.practice()?.unwrap_or_else(|| here.practice.clone());
        let staff = store.cache.staff_member(here.staff.id)?.unwrap_or_else(|| here.staff.clone());
        let connection = match here.engine.link() {
            Link::Connecting => Connection::Connecting,
            Link::Online => Connection::Online,
            Link::Offline => Connection::Offline,
            Link::SignedOut => Connection::SignedOut,
        };
        let session = Some(Session { practice, staff });
        Ok(DeskState { session, connection, unsent, refused_changes, notice, server: here.server.clone() })
    })
    .await
}

/// Where a forgotten password is replaced: a page of the server that somebody typed.
pub(crate) fn reset_page(server: &str) -> Result<String, Failure> {
    let page = server_address(server)?.join("reset");
    let page = page.map_err(|_| Failure::new(Code::Invalid, "This server's address cannot be used."))?;
    Ok(page.into())
}

/// Goes on with the session of the last time, if there is one.
pub(crate) async fn resume(hub: &Arc<Hub>) -> Result<(), Failure> {
    let Some(store) = hub.store() else { return Ok(()) };
    let vault = Arc::clone(&hub.vault);
    let kept = blocking(move || {
        let kept = vault.get(SESSION).map_err(|error| Failure::from(&error))?;
        let Some(kept) = kept.and_then(|json| serde_json::from_str::<Kept>(&json).ok()) else {
            return Ok(None);
        };
        let owner =
            Owner { server: kept.server.clone(), practice: kept.practice.clone(), staff: kept.staff.clone() };
        match store.outbox.owner()? {
            // After a lost key the outbox is new, and the session still good.
            None => store.outbox.set_owner(&owner)?,
            Some(known) if known.staff.id == owner.staff.id && known.practice.id == owner.practice.id => {}
            Some(_) => return Ok(None),
        }
        Ok(Some(kept))
    })
    .await?;
    match kept {
        Some(kept) => start(hub, kept).await,
        None => Ok(()),
    }
}

async fn start(hub: &Arc<Hub>, kept: Kept) -> Result<(), Failure> {
    let store = hub.store().ok_or_else(no_files)?;
    let server = Server::at(server_address(&kept.server)?)?.with_session(&kept.token);
    let me = kept.staff.id;
    let refused = blocking({
        let store = Arc::clone(&store);
        move || {
            lay_over(&store, me)?;
            Ok(store.outbox.refused_changes()?)
        }
    })
    .await?;
    // Nobody may have read it before the program ended.
    for failure in refused {
        hub.set_notice(events::change_refused(&failure));
    }
    let engine = Engine::start(EngineParts {
        store,
        server,
        me,
        clock: Arc::clone(&hub.clock),
        pace: hub.pace,
        events: hub.sync_events.clone(),
    });
    let (server, practice, staff) = (kept.server, kept.practice, kept.staff);
    let signed_in = SignedIn { server, practice, staff, engine, media_swept: AtomicBool::new(false) };
    hub.set_signed_in(Some(Arc::new(signed_in)));
    // Whatever the engine found out before it was ours to ask is looked at now.
    let _ = hub.sync_events.send(SyncEvent::Link);
    hub.filing.notify_one();
    hub.tell(DeskEvent::State);
    hub.tell(DeskEvent::Lists);
    Ok(())
}

/// Signs in.
pub(crate) async fn sign_in(hub: &Arc<Hub>, wanted: DeskSignIn) -> Result<DeskState, Failure> {
    let _door = hub.door.lock().await;
    if hub.signed_in().is_some() {
        return Err(Failure::new(Code::Conflict, "Somebody is signed in already. Sign out first."));
    }
    if hub.store().is_none() {
        // The keyring may have been unlocked in the meantime.
        hub.clear_notice();
        match profile::open(hub).await {
            Ok(()) => {}
            Err(profile::NotOpen::Keyring(failure) | profile::NotOpen::Files(failure)) => {
                return Err(failure);
            }
        }
    }
    let store = hub.store().ok_or_else(no_files)?;
    let address = server_address(&wanted.server)?;
    let server = Server::at(address.clone())?;
    let DeskSignIn { email, password, code, .. } = wanted;
    let mark = known_by(hub, address.as_str()).await;
    let (email, device) = (email.trim().to_owned(), hub.device.clone());
    let asked = SignIn { email, password, device, code, mark };
    let session = server.sign_in(&asked).await.map_err(sign_in_failure)?;
    be_known_by(hub, address.as_str(), &session.mark).await;
    let kept = Kept {
        server: address.to_string(),
        token: session.token.clone(),
        practice: session.practice,
        staff: session.staff,
    };
    let owner =
        Owner { server: kept.server.clone(), practice: kept.practice.clone(), staff: kept.staff.clone() };
    let json = Zeroizing::new(serde_json::to_string(&kept).map_err(|_| no_files())?);
    let vault = Arc::clone(&hub.vault);
    let moved_in = blocking(move || {
        make_room_for(&store, &owner)?;
        vault.set(SESSION, &json).map_err(|error| Failure::from(&error))?;
        Ok(store.outbox.set_owner(&owner)?)
    });
    if let Err(failure) = moved_in.await {
        // Nobody will use this session: it should not stay open at the server.
        let _ = tokio::time::timeout(Duration::from_secs(5), server.with_session(&session.token).sign_out())
            .await;
        return Err(failure);
    }
    start(hub, kept).await?;
    state(hub).await
}

/// What this device is known by at a server, since somebody signed in there.
async fn known_by(hub: &Arc<Hub>, server: &str) -> Option<String> {
    let vault = Arc::clone(&hub.vault);
    let kept = blocking(move || vault.get(MARK).map_err(|error| Failure::from(&error))).await.ok()??;
    serde_json::from_str::<Mark>(&kept).ok().filter(|kept| kept.server == server).map(|kept| kept.mark)
}

/// Keeps it. Without it the device is a stranger the next time, and signs in all the same.
async fn be_known_by(hub: &Arc<Hub>, server: &str, mark: &str) {
    let kept = Mark { server: server.to_owned(), mark: mark.to_owned() };
    let (vault, Ok(json)) = (Arc::clone(&hub.vault), serde_json::to_string(&kept)) else { return };
    let json = Zeroizing::new(json);
    let done = blocking(move || vault.set(MARK, &json).map_err(|error| Failure::from(&error))).await;
    if let Err(failure) = done {
        tracing::warn!(failure.message, "This device could not keep what it is known by");
    }
}

fn sign_in_failure(error: limpet_sync::ServerError) -> Failure {
    match Failure::from(error) {
        Failure { code: Code::Offline, .. } => Failure::new(
            Code::Offline,
            "The server cannot be reached. Check its address and the network, then try again.",
        ),
        other => other,
    }
}

/// Refuses while somebody else's words wait here; empties the cache when it is another practice's.
fn make_room_for(store: &Store, owner: &Owner) -> Result<(), Failure> {
    let Some(before) = store.outbox.owner()? else { return Ok(()) };
    let same_practice = before.practice.id == owner.practice.id;
    if same_practice && before.staff.id == owner.staff.id {
        return Ok(());
    }
    if let Some(what) = left_behind(store)? {
        return Err(Failure::new(
            Code::Conflict,
            format!(
                "{what} of {} on this computer. Sign in as {} and send or discard that first.",
                before.staff.name, before.staff.name
            ),
        ));
    }
    if !same_practice {
        store.cache.clear()?;
        store.arrived.clear().map_err(limpet_cache::CacheError::from)?;
    }
    Ok(())
}

/// What would be lost with the outbox, in words.
fn left_behind(store: &Store) -> Result<Option<String>, Failure> {
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("There is {one}")),
        more => Some(format!("There are {more} {many}")),
    };
    let unsent = usize::try_from(store.outbox.unsent()?).unwrap_or(usize::MAX);
    if let Some(what) = count(unsent, "one thing that is not sent", "things that are not sent") {
        return Ok(Some(what));
    }
    if let Some(what) = count(store.outbox.drafts()?.len(), "an unfinished draft", "unfinished drafts") {
        return Ok(Some(what));
    }
    let filings = store.outbox.filings_open()?;
    Ok(count(filings, "a transcript that is not filed", "transcripts that are not filed"))
}

/// Signs out: the session, the keys and the files go.
pub(crate) async fn sign_out(hub: &Arc<Hub>) -> Result<DeskState, Failure> {
    let _door = hub.door.lock().await;
    let here = hub.here()?;
    let store = Arc::clone(&here.store);
    let (left, settings) = blocking(move || Ok((left_behind(&store)?, store.outbox.settings()?))).await?;
    if let Some(what) = left {
        return Err(Failure::new(
            Code::Conflict,
            format!("{what}. Send or discard that first, then sign out."),
        ));
    }
    // From here on nobody writes into the outbox any more; what came in between is looked for once more.
    hub.set_store(None);
    hub.rooms.clear().await;
    hub.fetches.clear();
    let store = Arc::clone(&here.store);
    let server = here.signed_in.engine.server().clone();
    here.signed_in.engine.stop().await;
    drop(here);
    settle_down(&store).await;
    let left = blocking({
        let store = Arc::clone(&store);
        move || left_behind(&store)
    });
    if let Some(what) = left.await? {
        hub.set_store(Some(store));
        resume(hub).await?;
        return Err(Failure::new(
            Code::Conflict,
            format!("{what}. Send or discard that first, then sign out."),
        ));
    }
    // Offline, the session ends here and is left to expire at the server.
    let _ = tokio::time::timeout(Duration::from_secs(5), server.sign_out()).await;
    drop(store);
    let (folders, vault) = (hub.folders.clone(), Arc::clone(&hub.vault));
    blocking(move || {
        vault.remove(SESSION).map_err(|error| Failure::from(&error))?;
        profile::remove_files(&folders, vault.as_ref())
    })
    .await?;
    hub.clear_notice();
    match profile::open(hub).await {
        Ok(()) => {}
        Err(profile::NotOpen::Keyring(failure) | profile::NotOpen::Files(failure)) => return Err(failure),
    }
    if let Some(store) = hub.store() {
        blocking(move || Ok(store.outbox.save_settings(&settings)?)).await?;
    }
    hub.tell(DeskEvent::State);
    hub.tell(DeskEvent::Lists);
    state(hub).await
}

/// Lets what still reads or writes finish: files that are open cannot be removed everywhere.
async fn settle_down(store: &Arc<Store>) {
    for _ in 0..50 {
        if Arc::strong_count(store) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The server said that the session is over: the outbox and the cache stay as they are.
pub(crate) async fn session_over(hub: &Arc<Hub>) {
    let _door = hub.door.lock().await;
    let Some(before) = hub.signed_in().filter(|here| here.engine.link() == Link::SignedOut) else { return };
    before.engine.stop().await;
    hub.set_signed_in(None);
    hub.rooms.clear().await;
    hub.fetches.clear();
    let vault: Arc<dyn Vault> = Arc::clone(&hub.vault);
    let forgotten = blocking(move || vault.remove(SESSION).map_err(|error| Failure::from(&error)));
    if let Err(failure) = forgotten.await {
        tracing::warn!(failure.message, "The old session could not be removed from the keyring");
    }
    hub.set_notice(Failure::new(
        Code::SignedOut,
        "Your session has ended. Sign in again; what is not sent yet is kept and goes out then.",
    ));
}

fn no_files() -> Failure {
    Failure::new(Code::Internal, "The files of this profile are not open. Close Limpet and open it again.")
}
