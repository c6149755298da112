//! Every route times everybody who must not get through it. What is found is the table in `docs/SECURITY.md`.

use std::fmt::Write as _;

use limpet_model::Role;
use limpet_server::{
    access::Gate,
    permission::{Act, EVERYBODY, Who, may},
    routes::{ROUTES, Route},
};
use limpet_wire::changes::Entity;
use reqwest::Response;

use crate::{
    askers::{Askers, askers},
    clinic::{DAY, Device},
};

impl Askers {
    /// How long the audit log is.
    async fn logged(&self) -> i64 {
        let store = &self.clinic.running.app().store;
        store.verify_audit(self.clinic.practice).await.unwrap().unwrap().number
    }

    async fn ask(&self, device: &Device, route: &Route) -> Response {
        self.request(device, route).send().await.unwrap()
    }

    async fn refused(&self, device: &Device, route: &Route, with: &[u16]) -> String {
        let status = self.ask(device, route).await.status().as_u16();
        assert!(with.contains(&status), "{} {}: {status}", route.method, route.path);
        status.to_string()
    }

    /// What somebody gets who may do this, but not with what is another's.
    async fn apart(&self, device: &Device, route: &Route) -> String {
        // Nothing in the request says whose it is: it is about whoever asks.
        if !route.path.contains('{') && (route.method, route.path) != ("post", "/v1/uploads") {
            return "own".into();
        }
        let found = self.ask(device, route).await.status().as_u16();
        // The same id is another thing there.
        let made_by_whoever_asks = [
            "/v1/clients/{id}",
            "/v1/departments/{id}",
            "/v1/tags/{id}",
            "/v1/templates/{id}",
            "/v1/staff/{id}",
        ];
        if found == 204 && route.method == "put" && made_by_whoever_asks.contains(&route.path) {
            return "own".into();
        }
        assert_eq!(found, 404, "{} {}", route.method, route.path);
        found.to_string()
    }

    async fn row(&self, route: &Route, act: Act) -> String {
        let nobody = self.clinic.stranger();
        let mut cells = vec![
            self.refused(&nobody, route, &[401]).await,
            self.refused(&self.closed, route, &[401]).await,
            self.refused(&self.revoked, route, &[401]).await,
        ];
        let (_, token) = self.scoped.iter().find(|(without, _)| *without == act.scope()).unwrap();
        let refused = self.refused(token, route, &[403]).await;
        cells.push(act.scope().map_or("never".into(), |scope| format!("`{}` {refused}", scope.word())));
        let mut refused = Vec::new();
        for (who, device) in &self.by_role {
            if !may(*who, act) {
                let with = if *who == Who::Client { [404] } else { [403] };
                refused.push(format!("{} {}", name(*who), self.refused(device, route, &with).await));
            }
        }
        cells.push(if refused.is_empty() { "all may".into() } else { refused.join(", ") });
        cells.push(self.apart(&self.other_practice().await, route).await);
        cells.push(if may(Who::Client, act) {
            self.apart(&self.other_client, route).await
        } else {
            self.refused(&self.other_client, route, &[404]).await
        });
        format!("| `{}` | {} |", title(route), cells.join(" | "))
    }
}

fn title(route: &Route) -> String {
    format!("{} {}", route.method.to_uppercase(), route.path)
}

fn name(who: Who) -> &'static str {
    match who {
        Who::Staff(Role::Admin) => "administrator",
        Who::Staff(Role::Veterinarian) => "veterinarian",
        Who::Staff(Role::Technician) => "technician",
        Who::Staff(Role::FrontDesk) => "front desk",
        Who::Client => "client",
        Who::Token(_) => "token",
    }
}

fn permissions() -> String {
    let names: Vec<&str> = EVERYBODY.map(name).to_vec();
    let mut table =
        format!("| what | {} | a token with |\n|---|{}---|\n", names.join(" | "), "---|".repeat(names.len()));
    for act in Act::ALL {
        let cells = EVERYBODY.map(|who| if may(who, *act) { "yes" } else { "" });
        let scope = act.scope().map(|scope| format!("`{}`", scope.word())).unwrap_or_default();
        let _ = writeln!(table, "| {} | {} | {scope} |", act.words(), cells.join(" | "));
    }
    table
}

#[tokio::test]
async fn nobody_gets_through_a_gate_that_is_not_theirs() {
    let askers = askers().await;
    let mut table = String::from(
        "| route | no session | closed session | revoked token | a token without | a role that may not | \
         another practice | another client |\n|---|---|---|---|---|---|---|---|\n",
    );
    for route in ROUTES {
        match route.gate {
            Gate::Session(act) => {
                let _ = writeln!(table, "{}", askers.row(route, act).await);
            }
            Gate::Link => {
                askers.refused(&askers.clinic.stranger(), route, &[404]).await;
                let _ = writeln!(table, "| `{}` | by the link alone: any other is 404 |||||||", title(route));
            }
            Gate::Anyone => {
                let _ = writeln!(table, "| `{}` | open to anyone |||||||", title(route));
            }
        }
    }
    // Nothing of what was refused has changed anything here.
    let seen = askers.clinic.staff().await.everything().await;
    assert!(!format!("{seen:?}").to_lowercase().contains("imposter"));
    let active = |entity: &Entity| matches!(entity, Entity::StaffMember(member) if member.active);
    assert_eq!(seen.iter().filter(|change| active(&change.entity)).count(), 6);

    // Whom it belongs to is let in everywhere: what was refused was refused for who asked.
    let vet = Who::Staff(Role::Veterinarian);
    let of_owner = |route: &&Route| matches!(route.gate, Gate::Session(act) if may(vet, act));
    let leaves = ["/v1/sign-out", "/v1/sessions/{id}"];
    for route in ROUTES.iter().filter(of_owner).filter(|route| !leaves.contains(&route.path)) {
        let logged = askers.logged().await;
        let status = askers.ask(&askers.owner, route).await.status().as_u16();
        // The bytes of a file belong to the message that announced it.
        let writes = !["get", "head", "options"].contains(&route.method)
            && (route.method == "delete" || !route.path.starts_with("/v1/uploads"))
            // It passes: there is nothing to answer for.
            && !route.path.ends_with("/presence");
        if writes && status < 300 {
            assert!(askers.logged().await > logged, "{} leaves nothing in the audit log", title(route));
        }
        // The file is not there yet.
        let expected =
            if route.path == "/v1/attachments/{id}/{part}" { [401, 403, 500] } else { [401, 403, 404] };
        assert!(!expected.contains(&status), "{}: {status}", title(route));
    }

    // Time ends what nobody has closed.
    askers.clinic.clock.advance(181 * DAY);
    for (who, device) in &askers.by_role {
        for route in ROUTES.iter().filter(|route| matches!(route.gate, Gate::Session(_))) {
            assert_eq!(askers.ask(device, route).await.status(), 401, "{who:?} {}", route.path);
        }
    }
    compare(&[("permissions", permissions()), ("routes", table)]);
}

/// The written tables are those that were found. `LIMPET_WRITE_DOCS=1` writes them.
fn compare(found: &[(&str, String)]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/SECURITY.md");
    let before = std::fs::read_to_string(path).unwrap();
    let mut text = before.clone();
    for (name, table) in found {
        let (begin, end) =
            (format!("<!-- {name}: written by a test -->\n"), format!("<!-- end of {name} -->"));
        let from = text.find(&begin).unwrap() + begin.len();
        let to = text.find(&end).unwrap();
        text.replace_range(from..to, table);
    }
    if std::env::var_os("LIMPET_WRITE_DOCS").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    assert!(text == before, "docs/SECURITY.md is not what was found: run this test with LIMPET_WRITE_DOCS=1");
}
