//! Who may know whom, among files: imports of the UI, and the crates that live in one module.

use super::{Broken, Source};

/// The one file that knows Tauri.
const TAURI_HOST: &str = "ui/shared/host/tauri.ts";

/// Crates that one module of a crate keeps to itself: whose sources, which name, where it may stand.
const MODULES: [(&str, &str, &str); 2] = [
    ("crates/desk/src/", "keyring", "crates/desk/src/vault"),
    ("crates/sync/src/", "reqwest", "crates/sync/src/http"),
];

/// What breaks the rules of imports.
pub fn broken(sources: &[Source]) -> Vec<Broken> {
    let mut broken = vec![];
    for source in sources {
        if source.path.starts_with("ui/") && source.is_one_of(&[".ts", ".js", ".svelte"]) {
            let rules = imports(&source.text).filter_map(|import| ui_rule(&source.path, import));
            broken.extend(rules.map(|rule| Broken::new(&source.path, rule)));
        }
        if source.is_one_of(&[".rs"]) {
            broken.extend(module_rule(source));
        }
    }
    broken
}

/// Everything a file imports: `from "x"`, `import "x"`, `import("x")`, `require("x")`.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    ["from", "import", "import(", "require("].into_iter().flat_map(move |word| {
        text.match_indices(word).filter_map(move |(place, _)| {
            let before = text.get(..place)?.chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.') {
                return None;
            }
            quoted(text.get(place + word.len()..)?.trim_start())
        })
    })
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    text.get(1..)?.split_once(quote).map(|(inside, _)| inside)
}

fn ui_rule(path: &str, import: &str) -> Option<String> {
    let target = resolve(path, import);
    let lint_rules = path == "ui/eslint.config.js";
    if import.starts_with("@tauri-apps/") && path != TAURI_HOST && !lint_rules {
        return Some(format!("only {TAURI_HOST} may import {import}"));
    }
    let app = |name: &str| {
        target.starts_with(&format!("ui/{name}/")) || import.starts_with(&format!("@limpet/{name}"))
    };
    if path.starts_with("ui/shared/") && (app("desk") || app("owner")) {
        let who = if path.starts_with("ui/shared/parts/") {
            "a part knows no feature"
        } else {
            "shared knows no app"
        };
        return Some(format!("{who}, and {import} is one"));
    }
    if path.starts_with("ui/owner/") && app("desk") {
        return Some(format!("the owner app does not know the desktop's UI: {import}"));
    }
    if path.starts_with("ui/desk/") && app("owner") {
        return Some(format!("the desktop's UI does not know the owner app: {import}"));
    }
    None
}

/// The file a relative import means; anything else as it is.
fn resolve(path: &str, import: &str) -> String {
    if !import.starts_with('.') {
        return import.to_owned();
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn module_rule(source: &Source) -> Option<Broken> {
    let (_, name, home) = MODULES.iter().find(|(crate_sources, name, home)| {
        source.path.starts_with(crate_sources)
            && !source.path.starts_with(home)
            && names_crate(&source.text, name)
    })?;
    Some(Broken::new(&source.path, format!("only {home} may name {name}")))
}

/// Whether a path of this crate stands in the code; words in comments do not count.
fn names_crate(text: &str, name: &str) -> bool {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).any(|code| {
        code.match_indices(&format!("{name}::")).any(|(place, _)| {
            !code.get(..place).is_some_and(|c| c.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<String> {
        broken(&[Source::new(path, text)]).into_iter().map(|broken| broken.rule).collect()
    }

    #[test]
    fn only_the_host_imports_tauri() {
        let text = "import { invoke } from \"@tauri-apps/api/core\";\n";
        assert!(rules("ui/shared/host/tauri.ts", text).is_empty());
        assert_eq!(
            rules("ui/desk/src/review/Room.svelte", text),
            ["only ui/shared/host/tauri.ts may import @tauri-apps/api/core"]
        );
        for text in
            ["await import('@tauri-apps/api')", "export * from '@tauri-apps/api'", "import '@tauri-apps/api'"]
        {
            assert_eq!(rules("ui/desk/src/a.ts", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_part_knows_no_feature() {
        for import in ["../../desk/src/thread/words", "@limpet/desk/src/thread", "../../owner/src/App.svelte"]
        {
            let text = format!("import x from \"{import}\";");
            assert_eq!(rules("ui/shared/parts/Button.svelte", &text).len(), 1, "{import}");
        }
        assert!(rules("ui/shared/parts/Button.svelte", "import x from '../i18n';").is_empty());
    }

    #[test]
    fn the_apps_do_not_know_each_other() {
        assert_eq!(rules("ui/owner/src/main.ts", "import x from '../../desk/src/thread';").len(), 1);
        assert_eq!(rules("ui/desk/src/main.ts", "import x from '@limpet/owner';").len(), 1);
        assert!(rules("ui/owner/src/main.ts", "import x from '@limpet/shared';").is_empty());
        assert!(rules("ui/owner/src/main.ts", "import x from './desk/list';").is_empty());
    }

    #[test]
    fn a_crate_kept_in_one_module_is_broken_outside_it() {
        let text = "//! x\nuse keyring::Entry;\n";
        assert!(rules("crates/desk/src/vault/os.rs", text).is_empty());
        assert_eq!(rules("crates/desk/src/desk.rs", text), ["only crates/desk/src/vault may name keyring"]);
        assert!(rules("crates/desk/src/desk.rs", "// see keyring::Entry\nlet my_keyring::X;").is_empty());
    }
}
