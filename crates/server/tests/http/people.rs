//! `PUT /v1/clients/{id}` and `PUT /v1/patients/{id}`.

use limpet_model::{Client, ClientId, Patient, PatientId};
use limpet_server::store::file_url;
use limpet_wire::{Code, changes::Entity};
use sqlx::AnyPool;

use crate::clinic::{Clinic, client_named, fails, ok, patient_of};

#[tokio::test]
async fn the_last_one_to_write_wins_and_everything_comes_back_as_it_was_written() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let mut patient = patient_of(case.client, case.patient, "Biscuit");
    for weight in [Some(0.0125), Some(12.4), Some(712.35), None] {
        patient.weight_kg = weight;
        patient.name = format!("Biscuit {weight:?} ñ 🐕");
        ok(staff.put(&format!("/v1/patients/{}", case.patient), &patient).await).await;
        let found = staff.everything().await.into_iter().find_map(|change| match change.entity {
            Entity::Patient(found) => Some(found),
            _ => None,
        });
        assert_eq!(found, Some(patient.clone()));
    }
    ok(staff.put(&format!("/v1/clients/{}", case.client), &client_named(case.client, "Marta R.")).await)
        .await;
    let clients =
        staff.everything().await.into_iter().filter(|c| matches!(c.entity, Entity::Client(_))).count();
    assert_eq!(clients, 1);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_words() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let id = PatientId::new();
    let path = format!("/v1/patients/{id}");
    let good = patient_of(case.client, id, "Luna");
    for (bad, part) in [
        (Patient { name: String::new(), ..good.clone() }, "missing"),
        (Patient { born: "last May".into(), ..good.clone() }, "2019-05"),
        (Patient { weight_kg: Some(-1.0), ..good.clone() }, "kilograms"),
        (Patient { colour: "x".repeat(500), ..good.clone() }, "too long"),
        (Patient { id: PatientId::new(), ..good.clone() }, "id"),
    ] {
        let sentence = fails(staff.put(&path, &bad).await, 400, Code::Invalid).await;
        assert!(sentence.contains(part), "{sentence}");
    }
    let orphan = Patient { client: ClientId::new(), ..good };
    fails(staff.put(&path, &orphan).await, 404, Code::NotFound).await;
}

/// Gives a client an e-mail address without looking at it, as older servers did.
pub async fn address_of_before(clinic: &Clinic, client: ClientId, email: &str) {
    let pool = AnyPool::connect(&file_url(&clinic.data.path().join("limpet.db"))).await.unwrap();
    let sql = "UPDATE clients SET email = $1 WHERE id = $2";
    let done = sqlx::query(sql).bind(email.to_owned()).bind(client.to_string()).execute(&pool).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    pool.close().await;
}

#[tokio::test]
async fn an_address_that_was_there_before_is_no_reason_to_refuse_another_telephone() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let path = format!("/v1/clients/{}", case.client);
    address_of_before(&clinic, case.client, "ask at the desk").await;
    let old = Client { email: "ask at the desk".into(), ..client_named(case.client, "Marta Ruiz") };
    let calls = Client { phone: "555 0199".into(), ..old.clone() };
    ok(staff.put(&path, &calls).await).await;
    assert_eq!(staff.read::<Client>(&path).await, calls);
    let another = Client { email: "ask at the door".into(), ..old.clone() };
    let somebody_new = Client { id: ClientId::new(), ..old.clone() };
    for bad in [another, somebody_new] {
        let put = staff.put(&format!("/v1/clients/{}", bad.id), &bad).await;
        let sentence = fails(put, 400, Code::Invalid).await;
        assert!(sentence.contains("ana@example.org"), "{sentence}");
    }
    // Put right, it is not taken back.
    ok(staff.put(&path, &client_named(case.client, "Marta Ruiz")).await).await;
    fails(staff.put(&path, &old).await, 400, Code::Invalid).await;
}
