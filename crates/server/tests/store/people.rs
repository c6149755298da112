//! Accounts by link, codes at sign-in, known devices, and how much of what anybody may add to is kept.

use limpet_model::{
    Author, ConsentId, Logo, PracticeId, Role, StaffId, StaffMember, Tag, TagId, Template, TemplateId,
    Wording,
};
use limpet_server::{
    by::{Actor, By},
    codes,
    secrets::token_hash,
    store::{
        Store, StoreError,
        account_links::{AccountLink, LinkFor},
        second_steps::{FirstCode, Taken},
    },
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, NewConsent, PracticeChange, StaffChange},
};
use totp_rs::{Builder, Secret};

use crate::{
    open,
    suite::{Case, NOW, at, author_of, open_case, operator, technician},
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
    assert_eq!(store.account_link_until(practice, &token_hash("a")).await.unwrap(), Some(until));
    assert_eq!(store.account_link_until(PracticeId::new(), &token_hash("a")).await.unwrap(), None);
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
    let member = technician(practice);
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
