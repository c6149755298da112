//! Who is in which conversation now, and who is writing there.
//!
//! **Invariant:** it passes. It is in memory only, it takes no revision, and what is not said again runs out. Each node
//! knows all of it: what changes is told from node to node, and so is what would run out there.
//! **Invariant:** who sees what of it is `View::trim_present`'s to say, and nobody is woken by what they do not see.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use limpet_model::{Audience, Author, ClientId, ConversationId, Millis, PracticeId};
use limpet_wire::http::{HERE_FOR, PEOPLE_LIMIT, Present, PresentAs, PresentPerson, TYPING_FOR};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{app::App, view::View};

/// How late what ran out is noticed, and other nodes hear of what was said.
const MOMENT: Duration = Duration::from_millis(200);

/// What a device said, as other nodes hear it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The practice.
    pub practice: PracticeId,
    /// Where.
    pub conversation: ConversationId,
    /// The conversation's client, who sees something of it.
    pub client: ClientId,
    /// Names the session, which nobody gets in with.
    pub session: String,
    /// Whose it is.
    pub who: Author,
    /// Whether they are there.
    pub here: bool,
    /// Whether they are writing, and for whom.
    pub typing: Option<Audience>,
}

/// Who is in which conversation of a practice, as one view sees it.
pub type Seen = Arc<BTreeMap<ConversationId, Arc<Present>>>;

type Place = (ConversationId, String);

/// One device in one conversation.
struct Entry {
    said: Said,
    here_until: Millis,
    typing_until: Millis,
    /// When other nodes were last told.
    told_at: Millis,
}

impl Entry {
    /// Whether other nodes would let it run out before its device speaks again.
    fn fades_elsewhere(&self, now: Millis) -> bool {
        let lasts = if self.said.typing.is_some() { TYPING_FOR } else { HERE_FOR };
        now.since(self.told_at) >= lasts / 2
    }
}

#[derive(Default)]
struct Room {
    entries: HashMap<Place, Entry>,
    staff: watch::Sender<Seen>,
    clients: HashMap<ClientId, watch::Sender<Seen>>,
}

impl Room {
    fn is_empty(&mut self) -> bool {
        self.clients.retain(|_, seen| !seen.is_closed());
        self.entries.is_empty() && self.staff.is_closed() && self.clients.is_empty()
    }

    fn present(&self, conversation: ConversationId) -> Present {
        let mut people = BTreeMap::<PresentAs, Option<Audience>>::new();
        for Entry { said, .. } in
            self.entries.values().filter(|entry| entry.said.conversation == conversation)
        {
            let who = match said.who {
                Author::Staff(staff) => PresentAs::Staff(staff),
                Author::Client(_) => PresentAs::Client,
                Author::System => continue,
            };
            let typing = people.entry(who).or_default();
            // On two devices: what the client waits for counts.
            if *typing != Some(Audience::Everyone) {
                *typing = said.typing.or(*typing);
            }
        }
        let people = people.into_iter().take(PEOPLE_LIMIT);
        Present { conversation, people: people.map(|(who, typing)| PresentPerson { who, typing }).collect() }
    }

    /// Shows everybody what they see of a conversation now.
    fn show(&self, conversation: ConversationId, client: ClientId) {
        let present = self.present(conversation);
        if let Some(seen) = self.clients.get(&client) {
            update(seen, View::Client(client).trim_present(present.clone()));
        }
        update(&self.staff, View::Staff.trim_present(present));
    }
}

/// Wakes listeners only if it is something new to them.
fn update(seen: &watch::Sender<Seen>, present: Present) {
    seen.send_if_modified(|seen| {
        let before = seen.get(&present.conversation);
        if present.people.is_empty() {
            return before.is_some() && Arc::make_mut(seen).remove(&present.conversation).is_some();
        }
        let changes = before.is_none_or(|before| **before != present);
        if changes {
            Arc::make_mut(seen).insert(present.conversation, Arc::new(present));
        }
        changes
    });
}

/// Everybody who is anywhere. Cheap to clone.
#[derive(Clone, Default)]
pub struct Presences(Arc<Mutex<Everybody>>);

struct Everybody {
    /// Names this node to the others.
    node: Uuid,
    rooms: HashMap<PracticeId, Room>,
    /// What other nodes are still to be told, the newest of each device.
    untold: HashMap<Place, Said>,
    /// Practices in which a session was closed: it may have been somebody's who is here.
    doubted: HashSet<PracticeId>,
}

impl Default for Everybody {
    fn default() -> Self {
        Self { node: Uuid::now_v7(), rooms: HashMap::new(), untold: HashMap::new(), doubted: HashSet::new() }
    }
}

impl Presences {
    fn all(&self) -> MutexGuard<'_, Everybody> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a device of this node says. Other nodes are told if it is news to them.
    pub fn say(&self, said: Said, now: Millis) {
        let mut all = self.all();
        if let Some(news) = take(&mut all.rooms, said, now, true) {
            all.untold.insert((news.conversation, news.session.clone()), news);
        }
    }

    /// Takes what a node heard, from its notice. This one's own come back too, when other things may have been said since.
    pub fn hear(&self, notice: &str, now: Millis) {
        let Ok((node, said)) = serde_json::from_str::<(Uuid, Said)>(notice) else { return };
        let mut all = self.all();
        if node != all.node {
            take(&mut all.rooms, said, now, false);
        }
    }

    /// Who is where now, as a view sees it, and from now on.
    pub fn listen(&self, practice: PracticeId, view: View) -> watch::Receiver<Seen> {
        let mut all = self.all();
        let room = all.rooms.entry(practice).or_default();
        let View::Client(client) = view else { return room.staff.subscribe() };
        if let Some(seen) = room.clients.get(&client) {
            return seen.subscribe();
        }
        let theirs: HashSet<_> = room
            .entries
            .values()
            .filter(|entry| entry.said.client == client)
            .map(|entry| entry.said.conversation)
            .collect();
        let seen = watch::Sender::new(Seen::default());
        for conversation in theirs {
            update(&seen, view.trim_present(room.present(conversation)));
        }
        let ear = seen.subscribe();
        room.clients.insert(client, seen);
        ear
    }

    /// A session of a practice was closed.
    pub fn doubt(&self, practice: PracticeId) {
        let mut all = self.all();
        if all.rooms.contains_key(&practice) {
            all.doubted.insert(practice);
        }
    }

    /// Lets what was not said again run out.
    fn fade(&self, now: Millis) {
        self.all().rooms.retain(|_, room| {
            let mut changed = HashSet::new();
            room.entries.retain(|_, entry| {
                let Entry { said, here_until, typing_until, .. } = entry;
                let stays = now < *here_until;
                let stops = said.typing.is_some() && now >= *typing_until;
                if stops {
                    said.typing = None;
                }
                if stops || !stays {
                    changed.insert((said.conversation, said.client));
                }
                stays
            });
            for (conversation, client) in changed {
                room.show(conversation, client);
            }
            !room.is_empty()
        });
    }

    /// Notices for other nodes.
    fn take_untold(&self) -> Vec<String> {
        let mut all = self.all();
        let (node, untold) = (all.node, std::mem::take(&mut all.untold));
        untold.into_values().filter_map(|said| serde_json::to_string(&(node, said)).ok()).collect()
    }

    /// Everybody who is in a practice of which a session was closed, each device once.
    fn take_doubted(&self) -> Vec<Said> {
        let mut all = self.all();
        let doubted = std::mem::take(&mut all.doubted);
        let rooms = doubted.iter().filter_map(|practice| all.rooms.get(practice));
        rooms.flat_map(|room| room.entries.values().map(|entry| entry.said.clone())).collect()
    }
}

/// Takes what was said; answers it when other nodes have to hear of it.
fn take(rooms: &mut HashMap<PracticeId, Room>, said: Said, now: Millis, ours: bool) -> Option<Said> {
    let room = rooms.entry(said.practice).or_default();
    let (conversation, client) = (said.conversation, said.client);
    let place = (conversation, said.session.clone());
    let before = room.entries.remove(&place);
    let changed = before.as_ref().map_or(said.here, |before| before.said != said);
    let faded = before.as_ref().is_some_and(|before| before.fades_elsewhere(now));
    let news = ours && (changed || faded);
    if said.here {
        let told_at = match &before {
            Some(before) if ours && !news => before.told_at,
            _ => now,
        };
        let entry = Entry {
            said: said.clone(),
            here_until: Millis(now.0 + HERE_FOR),
            typing_until: Millis(now.0 + TYPING_FOR),
            told_at,
        };
        room.entries.insert(place, entry);
    }
    if changed {
        room.show(conversation, client);
    }
    news.then_some(said)
}

/// Lets things run out, asks whether closed sessions were somebody's who is here, and tells other nodes.
pub async fn every_moment(app: App) {
    while app.stopping.run_until_cancelled(tokio::time::sleep(MOMENT)).await.is_some() {
        let (presences, now) = (app.live.presences(), app.now());
        presences.fade(now);
        for said in presences.take_doubted() {
            match app.store.is_session_of(said.practice, said.who, &said.session, now).await {
                Ok(true) => {}
                Ok(false) => presences.say(Said { here: false, typing: None, ..said }, now),
                Err(error) => tracing::warn!(%error, "Cannot ask for a session"),
            }
        }
        let untold = presences.take_untold();
        if let Err(error) = app.store.tell_presences(&untold).await {
            // They are told again when their devices say so again.
            tracing::warn!(%error, "Cannot tell other nodes who is where");
        }
    }
}

#[cfg(test)]
mod tests {
    use limpet_model::StaffId;

    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn said(who: Author, typing: Option<Audience>) -> Said {
        Said {
            practice: PracticeId::new(),
            conversation: ConversationId::new(),
            client: ClientId::new(),
            session: "a".into(),
            who,
            here: true,
            typing,
        }
    }

    fn later(ms: i64) -> Millis {
        Millis(NOW.0 + ms)
    }

    #[test]
    fn a_repetition_tells_nobody_until_it_would_run_out_elsewhere() {
        let (here, there) = (Presences::default(), Presences::default());
        let typing = said(Author::Staff(StaffId::new()), Some(Audience::Everyone));
        let mut ear = here.listen(typing.practice, View::Staff);
        let mut told = Vec::new();
        for ms in (0..40_000).step_by(1000) {
            here.say(typing.clone(), later(ms));
            for notice in here.take_untold() {
                told.push(ms);
                there.hear(&notice, later(ms));
                // Its own notice comes back late.
                here.hear(&notice, later(ms + 60_000));
            }
            here.fade(later(ms));
            there.fade(later(ms));
            let seen = there.listen(typing.practice, View::Staff);
            assert_eq!(seen.borrow().len(), 1, "it ran out there at {ms}");
            assert_eq!(seen.borrow()[&typing.conversation].people[0].typing, typing.typing, "at {ms}");
        }
        assert_eq!(told, [0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000]);
        ear.borrow_and_update();
        assert!(!ear.has_changed().unwrap());
    }

    #[test]
    fn typing_runs_out_first_and_then_being_there() {
        let presences = Presences::default();
        let client = said(Author::Client(ClientId::new()), Some(Audience::Everyone));
        presences.say(client.clone(), NOW);
        let ear = presences.listen(client.practice, View::Staff);
        let typing = || ear.borrow().get(&client.conversation).map(|present| present.people[0].typing);
        presences.fade(later(TYPING_FOR - 1));
        assert_eq!(typing(), Some(Some(Audience::Everyone)));
        presences.fade(later(TYPING_FOR));
        assert_eq!(typing(), Some(None));
        presences.fade(later(HERE_FOR));
        assert_eq!(typing(), None);
        drop(ear);
        presences.fade(later(HERE_FOR));
        assert!(presences.all().rooms.is_empty());
    }

    #[test]
    fn a_client_is_not_woken_by_a_note_nor_by_a_second_colleague() {
        let presences = Presences::default();
        let ana = said(Author::Staff(StaffId::new()), None);
        let mut phone = presences.listen(ana.practice, View::Client(ana.client));
        let other = presences.listen(ana.practice, View::Client(ClientId::new()));
        let mut heard = |said: Said| {
            presences.say(said, NOW);
            let changed = phone.has_changed().unwrap();
            phone.borrow_and_update();
            changed
        };
        assert!(heard(ana.clone()));
        let ben = Said { who: Author::Staff(StaffId::new()), session: "b".into(), ..ana.clone() };
        assert!(!heard(ben.clone()));
        assert!(!heard(Said { typing: Some(Audience::Staff), ..ben.clone() }));
        assert!(!heard(Said { who: Author::Client(ana.client), session: "c".into(), ..ana.clone() }));
        assert!(heard(Said { typing: Some(Audience::Everyone), ..ben }));
        assert!(!other.has_changed().unwrap());
    }

    #[test]
    fn one_who_writes_on_two_devices_is_there_once_and_a_crowd_is_cut_off() {
        let presences = Presences::default();
        let ana = said(Author::Staff(StaffId::new()), Some(Audience::Everyone));
        let ear = presences.listen(ana.practice, View::Staff);
        presences.say(ana.clone(), NOW);
        presences.say(Said { session: "b".into(), typing: Some(Audience::Staff), ..ana.clone() }, NOW);
        let people = ear.borrow()[&ana.conversation].people.clone();
        assert_eq!((people.len(), people[0].typing), (1, Some(Audience::Everyone)));
        for n in 0..100 {
            let who = Author::Staff(StaffId::new());
            presences.say(Said { session: n.to_string(), who, ..ana.clone() }, NOW);
        }
        // Older desks read lines of 4096 bytes.
        let line = serde_json::to_string(&*ear.borrow()[&ana.conversation]).unwrap();
        assert!(line.len() < 4000, "{}", line.len());
    }
}
