//! Invitations of staff and forgotten passwords: by real mail, over SMTP.

mod invitations;
mod resets;
mod undelivered;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    clinic::{Clinic, Device, ok},
    mailbox::{Letter, Mailbox},
};

async fn with_mail() -> (Clinic, Mailbox) {
    let mailbox = Mailbox::open().await;
    let mail = mailbox.settings();
    let clinic = Clinic::open_with(|settings| limpet_server::serve::Settings { mail, ..settings }).await;
    (clinic, mailbox)
}

/// The path of the link in a mail.
fn path(letter: &Letter) -> String {
    let link = letter.body.lines().find(|line| line.starts_with("http://")).unwrap();
    format!("/a/{}", link.rsplit('/').next().unwrap())
}

pub async fn fill_in(device: &Device, path: &str, typed: &[(&str, &str)]) -> Response {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    let request = device.http.post(format!("{}{path}", device.base)).body(form);
    request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
}

async fn set_password(device: &Device, path: &str, password: &str) -> StatusCode {
    fill_in(device, path, &[("password", password), ("again", password)]).await.status()
}

async fn sign_in(device: &Device, email: &str, password: &str) -> StatusCode {
    let body = json!({ "email": email, "password": password, "device": "test" });
    device.post("/v1/sign-in", &body).await.status()
}

/// Waits until so many mails wait and so many were given up.
async fn sent(store: &limpet_server::store::Store, counts: (i64, i64)) {
    let begun = std::time::Instant::now();
    while store.count_mails().await.unwrap() != counts {
        assert!(begun.elapsed().as_secs() < 30, "{:?}", store.count_mails().await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Gives the practice a logo; answers it as it stands in pages.
pub async fn logo(admin: &Device) -> String {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(40, 20, image::Rgb([10, 90, 80]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let put = admin.ask(reqwest::Method::PUT, "/v1/practice/logo").body(png.into_inner());
    ok(put.send().await.unwrap()).await;
    let kept = admin.get("/v1/practice/logo").await.bytes().await.unwrap();
    format!("src=\"data:image/png;base64,{}\"", STANDARD.encode(kept))
}

pub fn new_staff(email: &str, language: &str) -> Value {
    json!({ "name": "Ben Ortiz", "role": "technician", "email": email, "language": language })
}
