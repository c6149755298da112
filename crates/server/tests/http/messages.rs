//! `PUT /v1/messages/{id}`.

use limpet_model::{
    AttachmentId, AttachmentKind, AttachmentState, Author, MessageId, Micros, Millis, StillOf,
};
use limpet_wire::{
    Code,
    http::{MESSAGE_LIMIT, NewAttachment, NewMessage, UPLOAD_LIMIT},
};

use crate::clinic::{Clinic, DAY, NOON, fails, file, ok, words};

#[tokio::test]
async fn a_message_repeated_arrives_once_and_other_words_with_its_id_are_refused() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let path = format!("/v1/messages/{}", MessageId::new());
    let clip = file(AttachmentKind::Clip, "walk.mov", 5);
    let message = NewMessage { attachments: vec![clip.clone()], ..words(&case, "She limps") };
    for _ in 0..3 {
        ok(phone.put(&path, &message).await).await;
    }
    let revision = staff.changes(0, 1000).await.revision;
    let thread = staff.thread(case.conversation).await;
    assert_eq!(thread.len(), 1);
    assert_eq!(thread[0].author, Author::Client(case.client));
    assert_eq!(thread[0].attachments, [clip.id]);
    let announced = staff.attachment(clip.id).await;
    assert_eq!(announced.state, AttachmentState::Uploading { received: 0 });
    assert_eq!((announced.name.as_str(), announced.bytes, announced.link), ("walk.mov", 5, None));

    let reworded = NewMessage { body: "She coughs".into(), ..message.clone() };
    fails(phone.put(&path, &reworded).await, 409, Code::Conflict).await;
    let recut = NewMessage { attachments: vec![NewAttachment { bytes: 6, ..clip }], ..message.clone() };
    fails(phone.put(&path, &recut).await, 409, Code::Conflict).await;
    fails(staff.put(&path, &message).await, 409, Code::Conflict).await;
    assert_eq!(staff.changes(0, 1000).await.revision, revision);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_words() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let path = format!("/v1/messages/{}", MessageId::new());
    let with = |attachment: NewAttachment| NewMessage { attachments: vec![attachment], ..words(&case, "x") };
    let clip = file(AttachmentKind::Clip, "walk.mov", 5);

    ok(staff
        .put(&format!("/v1/messages/{}", MessageId::new()), &words(&case, &"ñ".repeat(MESSAGE_LIMIT)))
        .await)
    .await;
    let cases = [
        (words(&case, &"x".repeat(MESSAGE_LIMIT + 1)), 400, Code::Invalid, "10000 characters"),
        (words(&case, " \n"), 400, Code::Invalid, "empty"),
        (NewMessage { sent_at: Millis(-1), ..words(&case, "x") }, 400, Code::Invalid, "clock"),
        (with(NewAttachment { bytes: UPLOAD_LIMIT + 1, ..clip.clone() }), 413, Code::TooLarge, "200 MB"),
        (with(NewAttachment { bytes: 0, ..clip.clone() }), 422, Code::BadClip, "empty"),
        (with(NewAttachment { name: "../x.mov".into(), ..clip.clone() }), 400, Code::Invalid, "slash"),
        (with(NewAttachment { kind: AttachmentKind::Still, ..clip.clone() }), 400, Code::Invalid, "still"),
        (
            NewMessage { attachments: vec![clip.clone(), clip.clone()], ..words(&case, "x") },
            400,
            Code::Invalid,
            "twice",
        ),
    ];
    for (message, status, code, part) in cases {
        let sentence = fails(staff.put(&path, &message).await, status, code).await;
        assert!(sentence.contains(part), "{sentence}");
    }
    let huge = staff.put(&path, &words(&case, &"x".repeat(300 * 1024))).await;
    fails(huge, 413, Code::TooLarge).await;
    ok(staff.put(&path, &words(&case, "this one fits")).await).await;
    assert_eq!(staff.thread(case.conversation).await.len(), 2);
}

#[tokio::test]
async fn a_still_comes_from_a_clip_of_the_same_conversation() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (case, other) = (staff.open_case().await, staff.open_case().await);
    let phone = staff.phone(&case).await;
    let clip = phone.announce(&case, file(AttachmentKind::Clip, "walk.mov", 5)).await;
    let still = |clip: AttachmentId| NewAttachment {
        still_of: Some(StillOf { clip, frame: 12, at: Micros(400_000) }),
        caption: "Lapa · Biscuit".into(),
        captured_at: Some(NOON),
        ..file(AttachmentKind::Still, "still.png", 9)
    };
    let good = staff.announce(&case, still(clip)).await;
    let seen = phone.attachment(good).await;
    assert_eq!(seen.still_of, Some(StillOf { clip, frame: 12, at: Micros(400_000) }));
    assert_eq!((seen.caption.as_str(), seen.captured_at), ("Lapa · Biscuit", Some(NOON)));
    let path = format!("/v1/messages/{}", MessageId::new());
    let elsewhere = NewMessage { attachments: vec![still(clip)], ..words(&other, "") };
    fails(staff.put(&path, &elsewhere).await, 404, Code::NotFound).await;
    let by_client = NewMessage { attachments: vec![still(clip)], ..words(&case, "") };
    fails(phone.put(&path, &by_client).await, 400, Code::Invalid).await;
    // The id of an attachment is taken once.
    let again =
        NewMessage { attachments: vec![NewAttachment { id: good, ..still(clip) }], ..words(&case, "") };
    fails(staff.put(&path, &again).await, 409, Code::Conflict).await;
    assert!(staff.thread(other.conversation).await.is_empty());
}

#[tokio::test]
async fn a_thread_is_ordered_by_when_the_server_took_it_whatever_the_clocks_say() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    staff.say(&case, "first").await;
    clinic.clock.advance(-DAY);
    staff.say(&case, "second").await;
    staff.say(&case, "third").await;
    let thread = staff.thread(case.conversation).await;
    let bodies: Vec<_> = thread.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["first", "second", "third"]);
    assert!(thread.windows(2).all(|pair| pair[0].received_at < pair[1].received_at));
}
