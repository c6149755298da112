//! `limpet-server practice add`, `staff add`, `link revoke`, and starting and stopping.

use crate::{
    clinic::{PASSWORD, fails, ok},
    process::{Process, furnish, run, staff},
};
use limpet_wire::{Code, http::AuditEntry};

const PRACTICE: [&str; 6] = ["practice", "add", "--name", "Lapa", "--time-zone", "Europe/Madrid"];

fn add_staff<'a>(practice: &'a str, email: &'a str) -> Vec<&'a str> {
    vec!["staff", "add", "--practice", practice, "--name", "Ana", "--email", email, "--role", "front-desk"]
}

#[test]
fn adding_prints_an_id_and_nothing_else_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let added = run(&PRACTICE, data, "");
    assert!(added.status.success());
    let practice = String::from_utf8(added.stdout).unwrap();
    let practice = practice.trim();
    assert_eq!(practice.len(), 36, "{practice}");
    let added = run(&add_staff(practice, "Ana@Example.org"), data, &format!("{PASSWORD}\n"));
    assert_eq!(String::from_utf8(added.stdout).unwrap().trim().len(), 36);

    let refused = |args: &[&str], input: &str, part: &str| {
        let output = run(args, data, input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(said.contains(part), "{said}");
    };
    refused(&add_staff(practice, "ana@example.org"), PASSWORD, "already signs in as ana@example.org");
    refused(&add_staff(practice, "ben@example.org"), "short", "too short");
    refused(&add_staff(practice, "ben@example.org"), "password1234", "easy to guess");
    refused(&add_staff(practice, "ben@example.org"), "", "no password");
    refused(&add_staff(practice, "ben"), PASSWORD, "not an e-mail address");
    refused(&add_staff("limpet", "ben@example.org"), PASSWORD, "not a practice's id");
    let nobody = limpet_model::PracticeId::new().to_string();
    refused(&add_staff(&nobody, "ben@example.org"), PASSWORD, "no practice with the id");
    refused(&["practice", "add", "--name", "Lapa", "--time-zone", "Mars/Olympus"], "", "not a time zone");
    refused(&["practice", "add", "--name", " ", "--time-zone", "UTC"], "", "needs a name");
}

/// Of a folder that was mistyped nothing is said that would look like an answer, and nothing is made of it.
#[test]
fn what_asks_an_installation_that_is_not_there_makes_none() {
    let (folder, nobody) = (tempfile::tempdir().unwrap(), limpet_model::PracticeId::new().to_string());
    let of = ["--practice", &nobody];
    for (command, has_practice) in [
        (&["practice", "list"][..], false),
        (&["practice", "show"], true),
        (&["practice", "set"], true),
        (&["practice", "retention"], true),
        (&["practice", "quota"], true),
        (&["token", "list"], true),
        (&["token", "add", "--name", "x", "--scope", "read:media"], true),
        (&["audit", "verify"], true),
        (&["audit", "export"], true),
        (&["link", "revoke", "https://example.org/m/x"], false),
        (&["staff", "codes-off", "--email", "ana@example.org"], false),
    ] {
        let args = if has_practice { [command, &of].concat() } else { command.to_vec() };
        for data in [folder.path(), &folder.path().join("lapa")] {
            let output = run(&args, data, "");
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{args:?}: {said}");
            assert!(said.contains("there is no database in"), "{args:?}: {said}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_help_says_of_the_data_folder_what_each_command_does_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for (command, makes) in [
        (&["serve"][..], true),
        (&["practice", "add"], true),
        (&["practice", "list"], false),
        (&["practice", "import"], false),
        (&["staff", "add"], false),
        (&["audit", "verify"], false),
        (&["token", "list"], false),
        (&["link", "revoke"], false),
        (&["doctor"], false),
    ] {
        let output = run(&[command, &["--help"]].concat(), folder.path(), "");
        let help = String::from_utf8(output.stdout).unwrap();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Folder that holds the database"), "{command:?} {help}");
        assert_eq!(words.contains("created if need be"), makes, "{command:?} {help}");
    }
}

#[test]
fn a_practices_room_is_limited_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let practice = String::from_utf8(run(&PRACTICE, folder.path(), "").stdout).unwrap();
    let quota = |more: &[&str]| {
        let output =
            run(&[&["practice", "quota", "--practice", practice.trim()], more].concat(), folder.path(), "");
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(quota(&[]), (true, "0 bytes\n".into()));
    assert_eq!(quota(&["--bytes", "50000000000"]), (true, "0 of 50000000000 bytes\n".into()));
    assert_eq!(quota(&[]), (true, "0 of 50000000000 bytes\n".into()));
    assert_eq!(quota(&["--unlimited"]), (true, "0 bytes\n".into()));
    for wrong in [&["--bytes", "-1"][..], &["--bytes", "1", "--unlimited"]] {
        assert!(!quota(wrong).0);
    }
    let log = run(&["audit", "export", "--practice", practice.trim()], folder.path(), "");
    let log = String::from_utf8(log.stdout).unwrap();
    let lines: Vec<AuditEntry> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = lines.iter().map(|it| (it.actor.as_str(), it.act.as_str(), it.detail.as_str()));
    let quota = |bytes: &str| format!("{{\"bytes\":{bytes},\"set\":[\"quota\"]}}");
    let (some, none) = (quota("50000000000"), quota("null"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("operator", "added", ""),
            ("operator", "changed", some.as_str()),
            ("operator", "changed", none.as_str())
        ]
    );
    let nobody = limpet_model::PracticeId::new().to_string();
    let unknown = run(&["practice", "quota", "--practice", &nobody, "--unlimited"], folder.path(), "");
    assert!(!unknown.status.success());
}

#[tokio::test]
async fn a_folder_is_served_by_one_server_that_stops_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let second = run(&["serve", "--listen", "127.0.0.1:0"], folder.path(), "");
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && said.contains("already serving"), "{said}");
    let device = staff(&process).await;
    // A device that listens does not hold the server up.
    let live = device.get("/v1/live").await;
    assert!(process.terminate().success());
    drop(live);
    let again = Process::start(folder.path(), &[]);
    let device = crate::clinic::Device { base: again.base.clone(), ..device };
    ok(device.get("/v1/me").await).await;
}

#[tokio::test]
async fn links_are_of_the_public_address_and_can_be_closed_beside_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &["--public-url", "https://chat.example.org/"]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let link = device.invite(case.conversation).await.link;
    assert!(link.starts_with("https://chat.example.org/o/"), "{link}");
    let body = serde_json::json!({ "invitation": link.rsplit('/').next().unwrap() });
    let opened = device.post("/v1/open-invitation", &body).await;
    assert!(opened.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert!(opened.headers().contains_key("strict-transport-security"));
    let closed = run(&["link", "revoke", &link], folder.path(), "");
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    let said = String::from_utf8_lossy(&closed.stdout);
    assert_eq!(said, "closed, and 1 device of this client signed out: send the client a new link\n");
    fails(device.post("/v1/open-invitation", &body).await, 404, Code::NotFound).await;
    assert!(!run(&["link", "revoke", &link], folder.path(), "").status.success());
    assert!(!run(&["serve", "--public-url", "chat.example.org"], folder.path(), "").status.success());
}

#[tokio::test]
async fn a_server_that_is_to_stop_says_so_first_and_serves_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &["--drain", "3"]);
    let device = staff(&process).await;
    let ready = async || device.get("/readyz").await.status().as_u16();
    assert_eq!(ready().await, 200);
    let stopping = tokio::task::spawn_blocking(move || process.terminate());
    let said = async {
        while ready().await != 503 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), said).await.expect("it says that it stops");
    ok(device.get("/v1/me").await).await;
    assert!(stopping.await.unwrap().success());
}

#[tokio::test]
async fn an_operator_lets_in_again_who_has_no_way_back() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let device = staff(&process).await;
    let me: serde_json::Value = device.read("/v1/me").await;
    let email = me["staff"]["email"].as_str().unwrap();
    let text = |args: &[&str]| {
        let output = run(args, folder.path(), "");
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (done, link) = text(&["staff", "link", "--email", email, "--public-url", &process.base]);
    assert!(done && link.starts_with(&format!("{}/a/", process.base)), "{link}");
    let form = "password=five+wet+otters&again=five+wet+otters";
    let set = device.http.post(link.trim()).body(form).send().await.unwrap();
    assert_eq!(set.status(), 200);
    fails(device.get("/v1/me").await, 401, Code::SignedOut).await;
    let (done, said) = text(&["staff", "codes-off", "--email", email]);
    assert!(!done && said.contains("no codes"), "{said}");
    for args in [
        ["link", "--email", "nobody@example.org", "--public-url", &process.base].as_slice(),
        &["codes-off", "--email", "nobody@example.org"],
    ] {
        let (done, said) = text(&[&["staff"][..], args].concat());
        assert!(!done && said.contains("nobody signs in as"), "{said}");
    }
    let body = serde_json::json!({ "email": email, "password": "five wet otters", "device": "test" });
    let enter = async || device.post("/v1/sign-in", &body).await;
    let session: limpet_wire::http::StaffSession = enter().await.json().await.unwrap();
    let device = crate::clinic::Device::new(&process.base, crate::clinic::Pass::Bearer(session.token));
    let begun = device.post("/v1/second-step", &serde_json::json!({ "password": "five wet otters" })).await;
    let begun: limpet_wire::http::NewSecret = begun.json().await.unwrap();
    let now = u64::try_from(limpet_server::clock::Clock::system().now().0 / 1000).unwrap();
    let secret = totp_rs::Secret::try_from_base32(&begun.secret).unwrap();
    let code = totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(now).to_string();
    ok(device.put("/v1/second-step", &serde_json::json!({ "code": code })).await).await;
    fails(enter().await, 401, Code::CodeNeeded).await;
    let (done, said) = text(&["staff", "codes-off", "--email", email]);
    assert!(done && said == "off\n", "{said}");
    fails(device.get("/v1/me").await, 401, Code::SignedOut).await;
    ok(enter().await).await;
    let practice = session.practice.id.to_string();
    let (_, log) = text(&["audit", "export", "--practice", &practice]);
    let by_operator = log.lines().filter(|line| line.contains("operator"));
    let about: Vec<&str> =
        by_operator.filter(|line| line.contains("reset") || line.contains("second_step")).collect();
    assert_eq!(about.len(), 2, "{log}");
    // A closed account is an administrator's to open.
    let add = ["staff", "add", "--practice", &practice, "--name", "Ada", "--email", "ada@example.org"];
    assert!(run(&[&add[..], &["--role", "admin"]].concat(), folder.path(), PASSWORD).status.success());
    let admin = crate::clinic::sign_in(&process.base, "ada@example.org").await;
    let account = format!("/v1/staff/{}", me["staff"]["id"].as_str().unwrap());
    ok(admin.patch(&account, &serde_json::json!({ "active": false })).await).await;
    let (done, said) = text(&["staff", "link", "--email", email, "--public-url", &process.base]);
    assert!(!done && said.contains("closed"), "{said}");
}

#[test]
fn mail_is_sent_only_by_a_server_that_knows_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mail = [
        "serve",
        "--listen",
        "203.0.113.1:1",
        "--smtp",
        "smtp://127.0.0.1:1",
        "--mail-from",
        "a@example.org",
    ];
    let said = |more: &[&str]| {
        let output = run(&[&mail, more].concat(), folder.path(), "");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&[]).contains("say --public-url"));
    let plain = said(&["--public-url", "http://chat.example.org"]);
    assert!(plain.contains("whoever is on the way") && plain.contains("cannot listen"), "{plain}");
    assert!(!said(&["--public-url", "https://chat.example.org"]).contains("whoever is on the way"));
}

#[test]
fn the_help_lists_fields_and_scopes_and_a_field_that_there_is_not_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let help = |command: &[&str]| String::from_utf8(run(command, folder.path(), "").stdout).unwrap();
    let import = help(&["practice", "import", "--help"]);
    assert!(import.contains("client_name") && import.contains("weight_pounds"), "{import}");
    let add = help(&["token", "add", "--help"]);
    assert!(add.contains("read:conversations") && add.contains("invite:clients"), "{add}");
    let practice = uuid::Uuid::nil().to_string();
    for (columns, sentences) in [
        (r#"{"Client":"client_nam"}"#, &["no field client_nam", "client_name, client_first_name"][..]),
        (r#"{"Client":null,"Pet":"Pet"}"#, &["no field Pet"]),
        ("nonsense", &["as a JSON object"]),
        (r#"{"Client":7}"#, &["as a JSON object"]),
    ] {
        let asked = ["practice", "import", "--practice", &practice, "--columns", columns, "people.csv"];
        let said = String::from_utf8(run(&asked, folder.path(), "").stderr).unwrap();
        for sentence in sentences {
            assert!(said.contains(sentence), "{columns}: {said}");
        }
    }
}
