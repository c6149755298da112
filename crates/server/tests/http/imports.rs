//! `POST /v1/imports`.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use limpet_model::{Client, ClientId, Patient, PatientId, PracticeId, Role, Sex, StaffId};
use limpet_wire::{
    Code,
    changes::Entity,
    http::{ImportFate, ImportField, ImportReport},
};
use reqwest::{Method, Response};
use serde_json::Value;

use crate::{
    clinic::{Clinic, Device, client_named, fails, ok, patient_of, sign_in},
    people::address_of_before,
};

/// As a practice management system in Spain writes it through a spreadsheet: Windows-1252, semicolons, an address of two
/// lines.
pub const EXPORT: &str = "Nº cliente;Nombre cliente;Teléfono;Email;Dirección;Nº historia;Nombre mascota;Especie;Raza;Sexo;\
    Esterilizado;Fecha nacimiento;Peso;Microchip\r\n\
    101;Ana Muñoz;+34 600 100 200;ana@example.org;\"Calle Mayor 1\nSevilla\";9001;Luna;Perro;Mestizo;H;Sí;31/05/2019;12,4;941000\r\n\
    101;Ana Muñoz;;;;9002;Sol;Gato;;Macho;No;03/04/2020;4,1 kg;\r\n\
    102;José Ibáñez;;jose@example.org;;;;;;;;;;\r\n\
    103;=HYPERLINK(\"http://x\");555;;;9003;Kiko;Perro;;morado;;2021;;\r\n\
    ;Nadie;;;;;;;;;;;;\r\n";

pub fn windows(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

async fn send(device: &Device, path: &str, file: &[u8]) -> Response {
    device
        .ask(Method::POST, path)
        .header("content-type", "text/csv")
        .body(file.to_vec())
        .send()
        .await
        .unwrap()
}

async fn preview(device: &Device, file: &[u8]) -> ImportReport {
    let response = send(device, "/v1/imports/preview", file).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn import(device: &Device, file: &[u8]) -> ImportReport {
    let preview = preview(device, file).await.preview;
    let response = send(device, &format!("/v1/imports?preview={preview}"), file).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn people(device: &Device) -> (Vec<Client>, Vec<Patient>) {
    let (mut clients, mut patients) = (Vec::new(), Vec::new());
    for change in device.everything().await {
        match change.entity {
            Entity::Client(client) => clients.push(client),
            Entity::Patient(patient) => patients.push(patient),
            _ => {}
        }
    }
    clients.sort_by(|a, b| a.pms_id.cmp(&b.pms_id));
    patients.sort_by(|a, b| a.pms_id.cmp(&b.pms_id));
    (clients, patients)
}

#[tokio::test]
async fn a_file_is_looked_at_done_and_done_again_without_a_change() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let file = windows(EXPORT);
    let before = admin.changes(0, 1000).await.revision;
    let looked = preview(&admin, &file).await;
    assert_eq!(
        (looked.encoding.as_str(), looked.separator.as_str(), looked.done),
        ("windows-1252", ";", false)
    );
    assert_eq!(looked.columns[0].field, Some(ImportField::ClientNumber));
    assert_eq!((looked.columns[13].heading.as_str(), looked.columns[13].field), ("Microchip", None));
    let fates: Vec<_> = looked.rows.iter().map(|row| (row.row, row.client.fate, row.patient.fate)).collect();
    assert_eq!(
        fates,
        [
            (2, ImportFate::New, ImportFate::New),
            (3, ImportFate::Same, ImportFate::New),
            (4, ImportFate::New, ImportFate::None),
            (5, ImportFate::None, ImportFate::None),
            (6, ImportFate::None, ImportFate::None),
        ]
    );
    assert!(looked.rows[3].refused.as_ref().unwrap().contains("sex"));
    assert!(looked.rows[4].refused.as_ref().unwrap().contains("no number"));
    assert_eq!(admin.changes(0, 1000).await.revision, before, "nothing is written");

    // Only what was looked at.
    for path in [
        "/v1/imports",
        "/v1/imports?preview=abc",
        &format!("/v1/imports?preview={}&dates=day_first", looked.preview),
    ] {
        fails(send(&admin, path, &file).await, 409, Code::Conflict).await;
    }
    let other = [&file[..], b"104;X;;x@example.org;;;;;;;;;;\r\n"].concat();
    fails(
        send(&admin, &format!("/v1/imports?preview={}", looked.preview), &other).await,
        409,
        Code::Conflict,
    )
    .await;
    assert_eq!(admin.changes(0, 1000).await.revision, before);

    let done = import(&admin, &file).await;
    assert!(done.done && done.rows == looked.rows);
    let (clients, patients) = people(&admin).await;
    let [ana, jose] = &clients[..] else { panic!("{clients:?}") };
    assert_eq!((ana.name.as_str(), ana.phone.as_str()), ("Ana Muñoz", "+34 600 100 200"));
    assert_eq!(ana.address, "Calle Mayor 1\nSevilla");
    assert_eq!((jose.name.as_str(), jose.pms_id.as_str()), ("José Ibáñez", "102"));
    let [luna, sol] = &patients[..] else { panic!("{patients:?}") };
    assert_eq!((luna.client, luna.sex, luna.weight_kg), (ana.id, Sex::FemaleNeutered, Some(12.4)));
    assert_eq!((luna.born.as_str(), sol.born.as_str()), ("2019-05-31", "2020-04-03"));
    assert_eq!((sol.client, sol.sex), (ana.id, Sex::Male));

    let after = admin.changes(0, 1000).await.revision;
    let again = import(&admin, &file).await;
    assert_eq!(again.rows[0].client.fate, ImportFate::Same);
    assert_eq!((again.counts.new_clients, again.counts.changed_patients), (0, 0));
    assert_eq!(admin.changes(0, 1000).await.revision, after, "the same file twice changes nothing");
    let page: Value = admin.read("/v1/audit?limit=1000").await;
    let imported =
        page["entries"].as_array().unwrap().iter().filter(|entry| entry["act"] == "imported").count();
    assert_eq!(imported, 1);
    let added = page["entries"].as_array().unwrap().iter().filter(|entry| entry["act"] == "added");
    assert!(added.count() >= 4, "each is in the log");
}

#[tokio::test]
async fn refused_rows_come_back_as_a_file_that_no_spreadsheet_runs_and_are_taken_once_mended() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let done = import(&admin, &windows(EXPORT)).await;
    let refused = done.refused_csv;
    assert!(refused.starts_with('\u{feff}') && refused.contains("'=HYPERLINK"), "{refused}");
    assert_eq!(refused.lines().count(), 3);
    // The same refusals once more, with one column of reasons.
    let looked = preview(&admin, refused.as_bytes()).await;
    assert_eq!((looked.counts.refused, looked.refused_csv.as_str()), (2, refused.as_str()));
    let mended = refused.replace("morado", "macho").replace("Nadie;;", "Nadie;600 1;");
    let done = import(&admin, mended.as_bytes()).await;
    assert_eq!((done.counts.refused, done.counts.new_clients, done.counts.new_patients), (0, 2, 1));
    let (clients, _) = people(&admin).await;
    assert!(clients.iter().any(|client| client.name == "=HYPERLINK(\"http://x\")"), "{clients:?}");
    assert!(clients.iter().any(|client| (client.name.as_str(), client.phone.as_str()) == ("Nadie", "600 1")));
}

#[tokio::test]
async fn people_who_are_there_are_known_again_and_keep_what_the_file_does_not_say() {
    let clinic = Clinic::open().await;
    let (admin, staff) = (clinic.admin().await, clinic.staff().await);
    let (marta, by_hand, twin) = (ClientId::new(), ClientId::new(), ClientId::new());
    let put =
        async |client: Client| ok(staff.put(&format!("/v1/clients/{}", client.id), &client).await).await;
    put(client_named(marta, "Marta Ruiz")).await;
    put(Client { pms_id: String::new(), email: "bo@example.org".into(), ..client_named(by_hand, "Bo Lee") })
        .await;
    put(Client { pms_id: "T".into(), ..client_named(twin, "One") }).await;
    put(Client { pms_id: "T".into(), ..client_named(ClientId::new(), "Two") }).await;
    let (biscuit, rex) = (PatientId::new(), PatientId::new());
    ok(staff.put(&format!("/v1/patients/{biscuit}"), &patient_of(marta, biscuit, "Biscuit")).await).await;
    let unnumbered = Patient { pms_id: String::new(), ..patient_of(by_hand, rex, "Rex") };
    ok(staff.put(&format!("/v1/patients/{rex}"), &unnumbered).await).await;

    let file = "Client ID,Owner,Email,Patient ID,Patient,Weight (lb)\n\
        C-17,Marta R. Ruiz,,P-17,,30\n\
        B-1,bo  LEE,BO@example.org,B-9,rex,\n\
        T,Three,,,,\n\
        C-17,Marta,,,,\n\
        X-1,,,,,\n\
        B-1,,,P-17,,\n\
        ,,,Q-1,Ghost,\n";
    let looked = preview(&admin, file.as_bytes()).await;
    let told: Vec<_> = looked.rows.iter().map(|row| row.refused.clone().unwrap_or_default()).collect();
    assert_eq!((told[0].as_str(), told[1].as_str()), ("", ""));
    for (at, part) in [
        (2, "More than one client has the number T"),
        (3, "Row 2 says another name"),
        (4, "no client with the number X-1"),
        (5, "Row 2 says another client"),
        (6, "says nothing of the patient's client"),
    ] {
        assert!(told[at].contains(part), "{at}: {}", told[at]);
    }
    assert_eq!(looked.rows[0].client.fields, ["name"]);
    assert_eq!(looked.rows[0].patient.fields, ["weight_kg"]);
    assert_eq!(looked.rows[1].patient.fields, ["name", "pms_id"]);
    import(&admin, file.as_bytes()).await;
    let (clients, patients) = people(&admin).await;
    let of = |id| clients.iter().find(|client| client.id == id).unwrap();
    assert_eq!((of(marta).name.as_str(), of(marta).phone.as_str()), ("Marta R. Ruiz", "555 0101"));
    assert_eq!((of(by_hand).pms_id.as_str(), clients.len()), ("B-1", 4));
    let of = |id| patients.iter().find(|patient| patient.id == id).unwrap();
    assert_eq!((of(biscuit).name.as_str(), of(biscuit).alert.as_str()), ("Biscuit", "Penicillin"));
    assert_eq!((of(rex).pms_id.as_str(), patients.len()), ("B-9", 2));
    let again = preview(&admin, file.as_bytes()).await;
    assert_eq!(
        (again.counts.changed_clients, again.counts.changed_patients, again.counts.new_clients),
        (0, 0, 0)
    );

    // An animal that changes owner leaves the first one's view, as ever.
    let moved = "Client ID,Patient ID\nB-1,P-17\n";
    assert_eq!(preview(&admin, moved.as_bytes()).await.rows[0].patient.fields, ["client"]);
    import(&admin, moved.as_bytes()).await;
    assert_eq!(people(&admin).await.1.iter().find(|patient| patient.id == biscuit).unwrap().client, by_hand);
}

#[tokio::test]
async fn columns_and_dates_can_be_said_and_two_practices_share_no_ids() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let file = b"Halter,Tel,Tier,geb\nAnna,1,Rex,03/04/2020\n";
    fails(send(&admin, "/v1/imports/preview", file).await, 400, Code::Invalid).await;
    let columns = "%7B%22Halter%22:%22client_name%22,%22Tier%22:%22patient_name%22,%22geb%22:%22born%22%7D";
    let said = async |more: &str| -> ImportReport {
        let path = format!("/v1/imports/preview?columns={columns}{more}");
        send(&admin, &path, file).await.json().await.unwrap()
    };
    assert!(said("").await.rows[0].refused.as_ref().unwrap().contains("either way"));
    let looked = said("&dates=day_first").await;
    assert_eq!(looked.rows[0].refused, None);
    let path = format!("/v1/imports?columns={columns}&dates=day_first&preview={}", looked.preview);
    ok(send(&admin, &path, file).await).await;
    let (clients, patients) = people(&admin).await;
    assert_eq!(patients[0].born, "2020-04-03");
    let other = PracticeId::new();
    clinic.add_practice(other).await;
    clinic.add_member(other, StaffId::new(), "zoe@example.org", Role::Admin).await;
    let zoe = sign_in(&clinic.base(), "zoe@example.org").await;
    ok(send(&zoe, &path, file).await).await;
    let (their_clients, their_patients) = people(&zoe).await;
    assert_eq!((their_clients.len(), their_patients.len()), (1, 1));
    assert!(their_clients[0].id != clients[0].id && their_patients[0].id != patients[0].id);
    for bad in ["columns=nonsense", "columns=%7B%22Halter%22:%22shoe%22%7D", "dates=never"] {
        fails(send(&admin, &format!("/v1/imports/preview?{bad}"), file).await, 400, Code::Invalid).await;
    }
    for bad in [&b""[..], b"\xff\xfe\x00", b"a,b\n1,2\n"] {
        fails(send(&admin, "/v1/imports/preview", bad).await, 400, Code::Invalid).await;
    }
    let large = vec![b'x'; 17 * 1024 * 1024];
    assert_eq!(send(&admin, "/v1/imports/preview", &large).await.status(), 413);
    fails(send(&clinic.staff().await, "/v1/imports/preview", file).await, 403, Code::Invalid).await;
}

/// A client list of twenty thousand, as large practices have; somebody else writes meanwhile.
#[tokio::test]
async fn twenty_thousand_rows_hold_nobody_up() {
    let clinic = Clinic::open().await;
    let (admin, staff) = (clinic.admin().await, clinic.staff().await);
    let case = staff.open_case().await;
    let mut file = String::from("Client number,Client name,Email,Patient number,Patient name,Species\n");
    for n in 0..20_000 {
        let owner = n / 2;
        let _ = writeln!(file, "K{owner},Client {owner},k{owner}@example.org,A{n},Pet {n},Dog");
    }
    let began = Instant::now();
    let looked = preview(&admin, file.as_bytes()).await;
    let to_look = began.elapsed();
    assert_eq!(
        (looked.counts.new_clients, looked.counts.new_patients, looked.counts.refused),
        (10_000, 20_000, 0)
    );
    let path = format!("/v1/imports?preview={}", looked.preview);
    let importing = tokio::spawn({
        let admin = admin.clone();
        async move { send(&admin, &path, file.as_bytes()).await.status() }
    });
    let mut longest = Duration::ZERO;
    while !importing.is_finished() {
        let asked = Instant::now();
        staff.say(&case, "Good morning").await;
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(importing.await.unwrap(), 200);
    println!("looked in {to_look:?}, done after {:?}, others waited {longest:?} at most", began.elapsed());
    assert!(longest < Duration::from_secs(10), "somebody waited {longest:?}");
    // Every page of the feed stays one that a device can take.
    let mut since = 0;
    loop {
        let page = admin.changes(since, 500).await;
        assert!(page.changes.len() <= 1000, "{} changes in a page", page.changes.len());
        since = page.revision.0;
        if !page.more {
            break;
        }
    }
}

#[tokio::test]
async fn what_is_no_email_address_is_refused_and_a_sex_is_read_as_records_write_it() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let mut file = String::from("Client number,Client,Email,Patient,Species,Sex\n");
    let rows = [
        ("foo", "M castrado"),
        ("a@", "m/n"),
        ("a b@c", "FS"),
        ("ana@example.org", "hembra esterilizada"),
        ("", "weiblich kastriert"),
        ("ben@example.org", "HE"),
    ];
    for (at, (email, sex)) in rows.iter().enumerate() {
        writeln!(file, "{at},Owner {at},{email},Rex,Dog,{sex}").unwrap();
    }
    let done = import(&admin, file.as_bytes()).await;
    let refused: Vec<_> = done.rows.iter().map(|row| row.refused.clone().unwrap_or_default()).collect();
    for row in &refused[..3] {
        assert!(row.contains("e-mail address is not one"), "{refused:?}");
    }
    assert!(
        refused[3].is_empty() && refused[4].is_empty() && refused[5].starts_with("The sex"),
        "{refused:?}"
    );
    let (_, patients) = people(&admin).await;
    assert_eq!(patients.iter().map(|patient| patient.sex).collect::<Vec<_>>(), [Sex::FemaleNeutered; 2]);
}

#[tokio::test]
async fn a_row_is_not_refused_for_an_address_that_it_does_not_speak_of() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let id = ClientId::new();
    ok(admin.put(&format!("/v1/clients/{id}"), &client_named(id, "Marta Ruiz")).await).await;
    address_of_before(&clinic, id, "ask at the desk").await;
    let done = import(&admin, b"Client ID,Phone,Email\nC-17,555 0199,\nC-17,,ask at the door\n").await;
    let refused: Vec<_> = done.rows.iter().map(|row| row.refused.clone().unwrap_or_default()).collect();
    assert!(refused[0].is_empty() && refused[1].contains("e-mail address is not one"), "{refused:?}");
    let (clients, _) = people(&admin).await;
    assert_eq!((clients[0].phone.as_str(), clients[0].email.as_str()), ("555 0199", "ask at the desk"));
}
