//! Accounts by link, codes at sign-in, known devices, mail, what a practice sets and sorts by.

use limpet_model::{
    Author, ConsentId, Department, DepartmentId, Logo, Role, StaffId, StaffMember, Tag, TagId, Template,
    TemplateId, Wording,
};
use limpet_server::{
    by::{Actor, By},
    codes,
    secrets::token_hash,
    store::{
        Store, StoreError,
        account_links::{AccountLink, LinkFor},
        jobs::{LEASE, Lane, PutBack, Work},
        second_steps::{FirstCode, Taken},
    },
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, InDepartment, NewConsent, PracticeChange, StaffChange},
};
use totp_rs::{Builder, Secret};

use crate::{
    open,
    suite::{Case, NOW, at, author_of, message, open_case, operator, say},
};

const MINUTE: i64 = 60_000;

pub fn code(secret: &str, ms: i64) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(at(ms).0 / 1000).unwrap()).to_string()
}

pub async fn a_code_is_taken_once_and_ten_wrong_ones_are_enough(url: &str) {
    let store = open(url).await;
    let Case { practice, vet, .. } = open_case(&store).await;
    let by = author_of(practice, Author::Staff(vet), NOW);
    let secret = codes::new_secret().unwrap();
    assert!(store.begin_second_step(by, vet, &secret, None).await.unwrap());
    let words = vec!["AAAA-BBBB".to_owned(), "CCCC-DDDD".to_owned()];
    let take = async |code: &str, ms| store.take_code(practice, vet, code, at(ms)).await.unwrap();
    assert_eq!(take(&code(&secret, 0), 0).await, Taken::Wrong, "it is not asked for yet");
    let first = |code| FirstCode { code, shown: None, session: None };
    let confirm = store.confirm_second_step(by, vet, first(&code(&secret, 0)), &words).await.unwrap();
    assert_eq!(confirm, Taken::Right);
    assert_eq!(store.second_step(practice, vet).await.unwrap(), (true, 2));
    assert!(!store.begin_second_step(by, vet, &codes::new_secret().unwrap(), None).await.unwrap());
    assert_eq!(take(&code(&secret, 0), 0).await, Taken::Wrong, "it confirmed, and was used up with that");
    assert_eq!(take(&code(&secret, 30_000), 30_000).await, Taken::Right);
    assert_eq!(take("aaaabbbb", 31_000).await, Taken::Recovered);
    let renewed = vec!["EEEE-FFFF".to_owned()];
    let renew = async |code: &str| {
        let by = author_of(practice, Author::Staff(vet), at(60_000));
        store.renew_recovery_codes(by, vet, code, &renewed).await.unwrap()
    };
    assert_eq!(renew("000000").await, Taken::Wrong);
    assert_eq!(take("ccccdddd", 60_000).await, Taken::Recovered, "the old ones are still good");
    assert_eq!(renew(&code(&secret, 60_000)).await, Taken::Right);
    assert_eq!(store.second_step(practice, vet).await.unwrap(), (true, 1));
    assert_eq!(take("eeeeffff", 61_000).await, Taken::Recovered);
    assert_eq!(take("aaaabbbb", 31_000).await, Taken::Wrong);
    let later = 20 * MINUTE;
    // Many at once are counted one by one.
    let wrong = (0..12).map(|_| store.take_code(practice, vet, "000000", at(later)));
    let came_to = futures_util::future::join_all(wrong).await;
    let refused = came_to.iter().filter(|taken| matches!(taken, Ok(Taken::TooMany(_)))).count();
    assert_eq!(refused, 2);
    assert!(
        matches!(take(&code(&secret, later), later + 1).await, Taken::TooMany(wait) if wait <= 15 * MINUTE)
    );
    assert_eq!(take(&code(&secret, later + 15 * MINUTE), later + 15 * MINUTE).await, Taken::Right);
    store.end_second_step(by, vet, true).await.unwrap();
    assert_eq!(store.second_step(practice, vet).await.unwrap(), (false, 0));
}

pub async fn a_link_into_an_account_opens_once_and_in_time(url: &str) {
    let store = open(url).await;
    let Case { practice, vet: staff, .. } = open_case(&store).await;
    let link = AccountLink { practice, staff, kind: LinkFor::Reset };
    let until = store.add_account_link(&token_hash("a"), link, NOW).await.unwrap();
    assert_eq!(until, at(60 * MINUTE));
    assert_eq!(store.account_link(&token_hash("a"), at(1)).await.unwrap(), Some(link));
    assert_eq!(store.account_link(&token_hash("a"), until).await.unwrap(), None);
    let set =
        async |token: &str, at| store.set_password_by_link(&token_hash(token), "new", at).await.unwrap();
    assert_eq!(set("a", until).await, None);
    assert_eq!(set("nonsense", at(1)).await, None);
    // Two at once are one.
    store.know_device(practice, staff, &token_hash("mark"), NOW).await.unwrap();
    let (one, two) = tokio::join!(set("a", at(1)), set("a", at(1)));
    assert_eq!([one, two].iter().flatten().count(), 1);
    assert!(!store.is_known_device(practice, staff, &token_hash("mark"), at(2)).await.unwrap());
    let email = store.staff_member(practice, staff).await.unwrap().unwrap().email;
    assert_eq!(store.staff_by_email(&email).await.unwrap().unwrap().password_hash, "new");
    // An invitation sets none where there is one.
    let invitation = AccountLink { kind: LinkFor::Invitation, ..link };
    store.add_account_link(&token_hash("c"), invitation, NOW).await.unwrap();
    assert_eq!(set("c", at(1)).await, None);
    // One for codes sets no password.
    let ticket = AccountLink { kind: LinkFor::SecondStep, ..link };
    store.add_account_link(&token_hash("b"), ticket, NOW).await.unwrap();
    assert_eq!(set("b", at(1)).await, None);
    assert!(store.use_account_link(&token_hash("b"), ticket).await.unwrap());
    assert!(!store.use_account_link(&token_hash("b"), ticket).await.unwrap());
}

/// The tables that [`furnish`] puts something into.
pub const FURNISHED: [&str; 9] = [
    "account_links",
    "consent_texts",
    "consents",
    "known_devices",
    "listings",
    "mails",
    "recovery_codes",
    "resets",
    "second_steps",
];

/// Something of everything that is kept about a practice and its staff.
pub async fn furnish(store: &Store, case: &Case, logo: Logo) {
    let Case { practice, vet: staff, .. } = *case;
    let by = operator(practice);
    store.set_logo(by, Some(logo)).await.unwrap();
    let words = Wording::from([("es".to_owned(), "¿Podemos?".to_owned())]);
    let change = PracticeChange { consent: Some(words), ..PracticeChange::default() };
    store.change_practice(by, &change).await.unwrap();
    let consent = NewConsent { client: case.client.id, version: 1, given: true };
    store.put_consent(by, ConsentId::new(), &consent).await.unwrap();
    let tag = Tag { id: TagId::new(), name: "Bites".into(), position: 2, archived: false };
    store.put_listed(by, &tag).await.unwrap();
    let member = StaffMember {
        id: StaffId::new(),
        name: "Ben".into(),
        role: Role::Technician,
        email: format!("ben-{practice}@example.org"),
        active: true,
    };
    store.invite_staff(by, &member, Some("es")).await.unwrap();
    store.queue_reset("nobody@example.org", "en", NOW).await.unwrap();
    let link = AccountLink { practice, staff, kind: LinkFor::Reset };
    store.add_account_link(&token_hash("link"), link, NOW).await.unwrap();
    let secret = codes::new_secret().unwrap();
    assert!(store.begin_second_step(by, staff, &secret, None).await.unwrap());
    let words = vec!["AAAA-BBBB".to_owned(), "CCCC-DDDD".to_owned()];
    let code = code(&secret, 0);
    let first = FirstCode { code: &code, shown: None, session: None };
    let taken = store.confirm_second_step(by, staff, first, &words).await.unwrap();
    assert_eq!(taken, Taken::Right);
    store.know_device(practice, staff, &token_hash("mark"), NOW).await.unwrap();
}

pub async fn a_mail_is_one_nodes_at_a_time(url: &str) {
    let store = open(url).await;
    let Case { practice, .. } = open_case(&store).await;
    let member = StaffMember {
        id: StaffId::new(),
        name: "Ben".into(),
        role: Role::Technician,
        email: format!("ben-{practice}@example.org"),
        active: true,
    };
    store.invite_staff(operator(practice), &member, Some("es")).await.unwrap();
    store.invite_staff(operator(practice), &member, Some("es")).await.unwrap();
    let claim = async |now| store.claim_job(Lane::Post, "node", now).await.unwrap();
    let (one, two) = tokio::join!(claim(NOW), claim(NOW));
    let claimed: Vec<_> = [one, two].into_iter().flatten().collect();
    assert_eq!(claimed.len(), 1, "repeating the invitation queues nothing");
    let mail = claimed[0];
    assert_eq!((mail.work, mail.attempt), (Work::Invite(member.id), 1));
    assert_eq!(store.mail_language(mail).await.unwrap(), "es");
    // The node dies; another takes it up, and what the first still says counts for nothing.
    let again = claim(at(LEASE)).await.unwrap();
    assert_eq!(again.attempt, 2);
    assert!(!store.end_mail(mail).await.unwrap());
    assert_eq!(store.count_mails().await.unwrap(), (1, 0));
    assert_eq!(store.mail_language(again).await.unwrap(), "es");
    assert!(store.end_mail(again).await.unwrap());
    assert_eq!(store.count_mails().await.unwrap(), (0, 0));
    // Asked for once more: in the other language, and given up at last.
    store.queue_invitation(operator(practice), member.id, "en").await.unwrap();
    let last = claim(at(LEASE)).await.unwrap();
    assert_eq!(store.mail_language(last).await.unwrap(), "en");
    store.put_back_job(last, PutBack::Dead, at(LEASE), "refused").await.unwrap();
    assert_eq!(store.count_mails().await.unwrap(), (0, 1));
    store.queue_invitation(operator(practice), member.id, "en").await.unwrap();
    assert_eq!(store.count_mails().await.unwrap(), (1, 0), "asking again takes it up again");
}

pub async fn asking_for_a_mail_and_ending_one_wait_for_each_other_in_one_order(url: &str) {
    let store = open(url).await;
    let Case { practice, .. } = open_case(&store).await;
    let member = StaffMember {
        id: StaffId::new(),
        name: "Ben".into(),
        role: Role::Technician,
        email: format!("ben-{practice}@example.org"),
        active: true,
    };
    store.invite_staff(operator(practice), &member, Some("es")).await.unwrap();
    for round in 0..60 {
        let now = at(round * LEASE);
        store.queue_invitation(operator(practice), member.id, "en").await.unwrap();
        let mail = store.claim_job(Lane::Post, "node", now).await.unwrap().unwrap();
        let (asked, ended) =
            tokio::join!(store.queue_invitation(operator(practice), member.id, "es"), store.end_mail(mail));
        asked.unwrap();
        assert!(ended.unwrap());
    }
}

pub async fn what_anybody_may_add_to_has_an_end(url: &str) {
    use limpet_server::store::{consents, devices, listings};
    let store = open(url).await;
    let case = open_case(&store).await;
    let Case { practice, vet, .. } = case;
    for n in 0..devices::MOST + 3 {
        store.know_device(practice, vet, &token_hash(&n.to_string()), at(n)).await.unwrap();
    }
    let known = async |n: i64| {
        store.is_known_device(practice, vet, &token_hash(&n.to_string()), at(99)).await.unwrap()
    };
    assert_eq!([known(2).await, known(3).await, known(devices::MOST + 2).await], [false, true, true]);

    let tag = |n: i64| Tag { id: TagId::new(), name: format!("Tag {n}"), position: 0, archived: false };
    let first = tag(-1);
    store.put_listed(operator(practice), &first).await.unwrap();
    for n in 1..listings::MOST {
        store.put_listed(operator(practice), &tag(n)).await.unwrap();
    }
    let full = store.put_listed(operator(practice), &tag(-2)).await;
    assert!(matches!(full, Err(StoreError::Conflict(words)) if words.contains("500")));
    store.put_listed(operator(practice), &Tag { archived: true, ..first.clone() }).await.unwrap();
    // The same tag twice is one.
    let template = Template {
        id: TemplateId::new(),
        title: "After surgery".into(),
        body: "Rest.".into(),
        language: "en".into(),
        department: None,
        tags: vec![first.id, first.id],
        position: 0,
        archived: false,
    };
    store.put_template(operator(practice), &template).await.unwrap();
    let sorted = ConversationChange { tags: Some(vec![first.id, first.id]), ..ConversationChange::default() };
    let by = By::new(practice, Actor::Staff(vet), NOW);
    store.change_conversation(by, case.conversation, &sorted).await.unwrap();
    let conversation = store.conversation(practice, View::Staff, case.conversation).await.unwrap().unwrap();
    assert_eq!(conversation.tags, [first.id]);
    let page = store.changes(practice, View::Staff, limpet_model::Revision(0), 1000).await.unwrap();
    let kept = page.changes.into_iter().find_map(|change| match change.entity {
        Entity::Template(template) => Some(template),
        _ => None,
    });
    assert_eq!(kept.unwrap().tags, [first.id]);

    let words = Wording::from([("en".to_owned(), "May we?".to_owned())]);
    let change = PracticeChange { consent: Some(words), ..PracticeChange::default() };
    store.change_practice(operator(practice), &change).await.unwrap();
    let phone = By::new(practice, Actor::Client(case.client.id), NOW);
    let say = async |by, given| {
        let new = NewConsent { client: case.client.id, version: 1, given };
        store.put_consent(by, ConsentId::new(), &new).await
    };
    let revision = async || store.revision(practice).await.unwrap();
    say(phone, true).await.unwrap();
    let before = revision().await;
    say(phone, true).await.unwrap();
    assert_eq!(revision().await, before, "what was said last is not said again");
    for n in 1..consents::MOST {
        say(phone, n % 2 == 0).await.unwrap();
    }
    assert!(matches!(say(phone, true).await, Err(StoreError::Conflict(_))));
    say(by, true).await.unwrap();
}

pub async fn a_mistyped_address_is_put_right_before_there_is_a_password(url: &str) {
    let store = open(url).await;
    let Case { practice, vet, .. } = open_case(&store).await;
    let member = StaffMember {
        id: StaffId::new(),
        name: "Ben".into(),
        role: Role::Technician,
        email: format!("bem-{practice}@example.org"),
        active: true,
    };
    let ada = StaffMember {
        id: StaffId::new(),
        name: "Ada".into(),
        role: Role::Admin,
        email: format!("ada-{practice}@example.org"),
        active: true,
    };
    store.add_staff(operator(practice), &ada, "hash").await.unwrap();
    store.invite_staff(operator(practice), &member, None).await.unwrap();
    let hash = token_hash("mistyped");
    store.hand_over_link(operator(practice), member.id, LinkFor::Invitation, &hash).await.unwrap();
    let address = |email: &str| StaffChange { email: Some(email.to_owned()), ..StaffChange::default() };
    let right = format!("ben-{practice}@example.org");
    let theirs = store.staff_member(practice, vet).await.unwrap().unwrap().email;
    let change = async |id, email: &str| store.change_staff(operator(practice), id, &address(email)).await;
    for (id, email) in [(member.id, &theirs), (vet, &right)] {
        assert!(matches!(change(id, email).await, Err(StoreError::Conflict(_))), "{email}");
    }
    assert!(store.account_link(&hash, at(1)).await.unwrap().is_some(), "nothing has changed yet");
    change(member.id, &right.to_uppercase()).await.unwrap();
    assert_eq!(store.staff_by_email(&right).await.unwrap().unwrap().staff.id, member.id);
    assert_eq!(store.account_link(&hash, at(1)).await.unwrap(), None, "what the wrong one got opens nothing");
    // The address is free again, also of a closed account that nobody ever opened.
    store
        .invite_staff(operator(practice), &StaffMember { id: StaffId::new(), ..member }, None)
        .await
        .unwrap();
}

pub async fn a_forgotten_password_waits_until_it_is_known_whose_it_is(url: &str) {
    let store = open(url).await;
    let Case { practice, vet, .. } = open_case(&store).await;
    let email = store.staff_member(practice, vet).await.unwrap().unwrap().email;
    for n in 0..3 {
        store.queue_reset("nobody@example.org", "en", at(n)).await.unwrap();
        store.queue_reset(&email, "es", at(n)).await.unwrap();
    }
    assert_eq!(store.count_mails().await.unwrap(), (2, 0), "once for each address");
    let (one, two) = tokio::join!(store.address_resets(at(5)), store.address_resets(at(5)));
    one.and(two).unwrap();
    assert_eq!(store.count_mails().await.unwrap(), (1, 0), "nobody is nobody's");
    let job = store.claim_job(Lane::Post, "node", at(5)).await.unwrap().unwrap();
    assert_eq!((job.practice, job.work), (practice, Work::Reset(vet)));
    assert_eq!(store.mail_language(job).await.unwrap(), "es");
    assert!(store.end_mail(job).await.unwrap());
    for n in 0..600 {
        store.queue_reset(&format!("{n}@example.org"), "en", at(n)).await.unwrap();
    }
    assert_eq!(store.count_mails().await.unwrap().0, 500);
}

pub async fn what_a_practice_sets_and_sorts_by_comes_back(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let practice = case.practice;
    let words = |text: &str| Wording::from([("en".to_owned(), text.to_owned())]);
    let change =
        PracticeChange { consent: Some(words("May we?")), offline: Some(true), ..PracticeChange::default() };
    let set = store.change_practice(operator(practice), &change).await.unwrap();
    assert_eq!(store.practice(practice).await.unwrap(), Some(set.clone()));
    assert_eq!(open(url).await.practice(practice).await.unwrap(), Some(set));
    let require = PracticeChange { requires_code: Some(true), ..PracticeChange::default() };
    let refused = store.change_practice(operator(practice), &require).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));

    let department =
        Department { id: DepartmentId::new(), name: "Surgery".into(), position: 1, archived: false };
    let tag = Tag { id: TagId::new(), name: "Bites".into(), position: 2, archived: false };
    let template = Template {
        id: TemplateId::new(),
        title: "After surgery".into(),
        body: "Dear {{client.name}}".into(),
        language: "en".into(),
        department: Some(department.id),
        tags: vec![tag.id],
        position: 3,
        archived: false,
    };
    let missing = store.put_template(operator(practice), &template).await;
    assert!(matches!(missing, Err(StoreError::Missing("department"))));
    store.put_listed(operator(practice), &department).await.unwrap();
    store.put_listed(operator(practice), &tag).await.unwrap();
    store.put_template(operator(practice), &template).await.unwrap();
    let twin = Tag { id: TagId::new(), ..tag.clone() };
    assert!(matches!(store.put_listed(operator(practice), &twin).await, Err(StoreError::Conflict(_))));
    let sorted = ConversationChange {
        department: Some(InDepartment { to: Some(department.id) }),
        tags: Some(vec![tag.id]),
        ..ConversationChange::default()
    };
    store
        .change_conversation(By::new(practice, Actor::Staff(case.vet), NOW), case.conversation, &sorted)
        .await
        .unwrap();
    let new = NewConsent { client: case.client.id, version: 1, given: true };
    let consent = ConsentId::new();
    for _ in 0..2 {
        store.put_consent(operator(practice), consent, &new).await.unwrap();
    }
    let unknown = NewConsent { version: 2, ..new };
    let refused = store.put_consent(operator(practice), ConsentId::new(), &unknown).await;
    assert!(matches!(refused, Err(StoreError::Missing("consent text"))));
    // The switch is on: a client's message is answered, in the same revision.
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Hello")).await;

    let entities = async |view| -> Vec<Entity> {
        let page = store.changes(practice, view, limpet_model::Revision(0), 1000).await.unwrap();
        page.changes.into_iter().map(|change| change.entity).collect()
    };
    let seen = entities(View::Staff).await;
    for entity in [Entity::Department(department), Entity::Tag(tag.clone()), Entity::Template(template)] {
        assert!(seen.contains(&entity), "{entity:?}");
    }
    let automatic = |entity: &&Entity| matches!(entity, Entity::Message(message) if message.automatic);
    assert_eq!(seen.iter().filter(automatic).count(), 1);
    let conversation = store.conversation(practice, View::Staff, case.conversation).await.unwrap().unwrap();
    assert!(conversation.waiting_since.is_some() && conversation.tags == [tag.id]);
    let theirs = entities(View::Client(case.client.id)).await;
    assert_eq!(theirs.iter().filter(|entity| matches!(entity, Entity::Consent(_))).count(), 1);
    let hidden = |entity: &&Entity| {
        matches!(entity, Entity::Department(_) | Entity::Tag(_) | Entity::Template(_) | Entity::Unread)
    };
    assert_eq!(theirs.iter().filter(hidden).count(), 0);
    // Pages are as long as they were asked to be, with the new kinds in them.
    assert_eq!(pages(&store, &case, View::Staff).await, seen.len());
    assert_eq!(pages(&store, &case, View::Client(case.client.id)).await, theirs.len());
}

async fn pages(store: &Store, case: &Case, view: View) -> usize {
    let (mut since, mut count) = (limpet_model::Revision(0), 0);
    loop {
        let page = store.changes(case.practice, view, since, 2).await.unwrap();
        assert!(page.changes.len() <= 4, "one and the revision after it, which has three");
        count += page.changes.len();
        since = page.revision;
        if !page.more {
            return count;
        }
    }
}

pub async fn sessions_of_one_person_have_an_end(url: &str) {
    use limpet_server::store::sessions::{Holder, MOST, Session};
    let store = open(url).await;
    let case = open_case(&store).await;
    let session = |n: i64| Session {
        token_hash: token_hash(&format!("{}{n}", case.practice)),
        practice: case.practice,
        holder: Holder::Client(case.client.id, case.conversation),
    };
    for n in 0..MOST + 5 {
        store.open_session(&session(n), "", at(n)).await.unwrap();
    }
    assert_eq!(store.count_sessions(case.practice, case.client.id).await.unwrap(), MOST);
    assert_eq!(store.session(&session(4).token_hash, at(100)).await.unwrap(), None);
    assert!(store.session(&session(5).token_hash, at(100)).await.unwrap().is_some());
}
