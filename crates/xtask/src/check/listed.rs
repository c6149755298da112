//! Every direct dependency stands in `docs/DEPENDENCIES.md`, with why it is there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Broken, Source, crates::Package};

const PAGE: &str = "docs/DEPENDENCIES.md";

/// Dependencies of crates and of npm packages that the page does not name.
pub fn broken(packages: &[Package], sources: &[Source]) -> Vec<Broken> {
    let page = sources.iter().find(|source| source.path == PAGE).map_or("", |source| source.text.as_str());
    let listed = listed(page);
    let missing = |file: &str, name: &str| {
        let ours = name.starts_with("limpet") || name.starts_with("@limpet/");
        (!ours && !listed.contains(name))
            .then(|| Broken::new(file, format!("{name} is missing from {PAGE}, with why it is here")))
    };
    let crates = packages.iter().flat_map(|package| {
        package.needs.union(&package.tests_need).filter_map(|name| missing(&package.manifest, name))
    });
    let npm = sources.iter().filter(|source| source.path.ends_with("/package.json")).flat_map(|source| {
        manifest(&source.text).into_iter().filter_map(|name| missing(&source.path, &name)).collect::<Vec<_>>()
    });
    crates.chain(npm).collect()
}

/// Names in the first column of the page's tables.
fn listed(page: &str) -> BTreeSet<&str> {
    page.lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect()
}

fn manifest(text: &str) -> Vec<String> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Manifest {
        dependencies: BTreeMap<String, String>,
        dev_dependencies: BTreeMap<String, String>,
    }
    let manifest: Manifest = serde_json::from_str(text).unwrap_or_default();
    manifest.dependencies.into_keys().chain(manifest.dev_dependencies.into_keys()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_does_not_name_is_broken() {
        let page =
            Source::new(PAGE, "| crate | why |\n|---|---|\n| serde, `serde_json` | json |\n| vite | ui |\n");
        let npm = Source::new(
            "ui/package.json",
            r#"{"dependencies": {"@limpet/shared": "*", "left-pad": "1"}, "devDependencies": {"vite": "8"}}"#,
        );
        let package = Package {
            name: "limpet-wire".into(),
            manifest: "crates/wire/Cargo.toml".into(),
            needs: ["limpet-model", "serde", "serde_json", "rand"].map(String::from).into(),
            tests_need: ["insta"].map(String::from).into(),
        };
        let found: Vec<_> =
            broken(&[package], &[page, npm]).into_iter().map(|broken| broken.to_string()).collect();
        assert_eq!(
            found,
            [
                "crates/wire/Cargo.toml: insta is missing from docs/DEPENDENCIES.md, with why it is here",
                "crates/wire/Cargo.toml: rand is missing from docs/DEPENDENCIES.md, with why it is here",
                "ui/package.json: left-pad is missing from docs/DEPENDENCIES.md, with why it is here",
            ]
        );
    }
}
