//! Who may know whom, among crates: `docs/ARCHITECTURE.md` draws the same map.

use std::{collections::BTreeSet, path::Path};

use anyhow::Result;
use serde::Deserialize;

use super::Broken;

/// A package of the workspace and what its manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its manifest, relative to the project's folder.
    pub manifest: String,
    /// What it is built with: normal and build dependencies.
    pub needs: BTreeSet<String>,
    /// What only its tests need.
    pub tests_need: BTreeSet<String>,
}

/// Crates from outside that belong to one place, with the packages that may name them.
const KEPT: [(&str, &[&str]); 14] = [
    ("tauri", &["limpet"]),
    ("tauri-*", &["limpet"]),
    ("wry", &["limpet"]),
    ("ffmpeg-*", &["limpet-video"]),
    ("libheif-*", &["limpet-video"]),
    ("cpal", &["limpet-playback"]),
    ("rusqlite", &["limpet-cache"]),
    ("libsqlite3-sys", &["limpet-cache"]),
    ("keyring", &["limpet-desk"]),
    ("printpdf", &["limpet-transcript"]),
    ("axum", &["limpet-server"]),
    ("sqlx", &["limpet-server"]),
    ("object_store", &["limpet-server"]),
    // testkit is a device like any other: it speaks to a real server.
    ("reqwest", &["limpet-sync", "limpet-records", "limpet-server", "limpet-testkit"]),
];

/// The crates of the workspace and the ones each may be built with, from the bottom up.
const LAYERS: [(&str, &[&str]); 15] = [
    ("limpet-model", &[]),
    ("limpet-wire", &["limpet-model"]),
    ("limpet-cache", &["limpet-model", "limpet-wire"]),
    ("limpet-sync", &["limpet-model", "limpet-wire", "limpet-cache"]),
    ("limpet-video", &["limpet-model", "limpet-wire"]),
    ("limpet-playback", &["limpet-model", "limpet-wire", "limpet-video"]),
    ("limpet-transcript", &["limpet-model", "limpet-wire"]),
    ("limpet-records", &["limpet-model", "limpet-wire"]),
    (
        "limpet-desk",
        &[
            "limpet-model",
            "limpet-wire",
            "limpet-cache",
            "limpet-sync",
            "limpet-video",
            "limpet-playback",
            "limpet-transcript",
            "limpet-records",
        ],
    ),
    ("limpet-bridge", &["limpet-model", "limpet-wire", "limpet-video", "limpet-desk"]),
    ("limpet-cli", &["limpet-model", "limpet-wire", "limpet-video", "limpet-desk"]),
    ("limpet", &["limpet-model", "limpet-wire", "limpet-video", "limpet-desk"]),
    ("limpet-server", &["limpet-model", "limpet-wire", "limpet-video", "limpet-transcript"]),
    ("limpet-testkit", &["limpet-model", "limpet-wire"]),
    ("limpet-xtask", &["limpet-model", "limpet-wire", "limpet-testkit"]),
];

/// What the server must not know even in its tests.
const DESKTOP: [&str; 8] = [
    "limpet",
    "limpet-cache",
    "limpet-sync",
    "limpet-playback",
    "limpet-records",
    "limpet-desk",
    "limpet-bridge",
    "limpet-cli",
];

/// The packages in the answer of `cargo metadata --no-deps`.
pub fn packages(metadata: &str, root: &Path) -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
        manifest_path: String,
        dependencies: Vec<Needed>,
    }
    #[derive(Deserialize)]
    struct Needed {
        name: String,
        kind: Option<String>,
    }
    let metadata: Metadata = serde_json::from_str(metadata)?;
    let root = format!("{}/", root.display());
    Ok(metadata
        .packages
        .into_iter()
        .map(|package| {
            let (tests_need, needs): (Vec<_>, Vec<_>) =
                package.dependencies.into_iter().partition(|needed| needed.kind.as_deref() == Some("dev"));
            let names = |needed: Vec<Needed>| needed.into_iter().map(|needed| needed.name).collect();
            Package {
                manifest: package.manifest_path.replacen(&root, "", 1),
                name: package.name,
                needs: names(needs),
                tests_need: names(tests_need),
            }
        })
        .collect())
}

/// What breaks the map.
pub fn broken(packages: &[Package]) -> Vec<Broken> {
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    packages.iter().flat_map(|package| package_broken(package, &ours)).collect()
}

fn package_broken(package: &Package, ours: &BTreeSet<&str>) -> Vec<Broken> {
    let say = |rule: String| Broken::new(&package.manifest, rule);
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
        return vec![say(format!(
            "nothing says whom {} may know: add it to the layers of xtask check",
            package.name
        ))];
    };
    let mut broken = vec![];
    for name in package.needs.union(&package.tests_need) {
        if let Some((_, keepers)) = KEPT.iter().find(|(kept, _)| matches(kept, name))
            && !keepers.contains(&package.name.as_str())
        {
            broken.push(say(format!("only {} may name {name}", keepers.join(", "))));
        }
        if package.name == "limpet-server" && DESKTOP.contains(&name.as_str()) {
            broken.push(say(format!("the server never depends on a desktop crate, and {name} is one")));
        }
    }
    for name in package.needs.iter().filter(|name| ours.contains(name.as_str())) {
        if !below.contains(&name.as_str()) {
            broken.push(say(format!("{} may not know {name}: it is not below it", package.name)));
        }
    }
    broken
}

/// `tauri-*` matches every crate whose name begins so.
fn matches(kept: &str, name: &str) -> bool {
    kept.strip_suffix('*').map_or(kept == name, |beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, needs: &[&str], tests_need: &[&str]) -> Package {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Package {
            name: name.into(),
            manifest: format!("crates/{name}/Cargo.toml"),
            needs: set(needs),
            tests_need: set(tests_need),
        }
    }

    fn rules(packages: &[Package]) -> Vec<String> {
        broken(packages).into_iter().map(|broken| broken.to_string()).collect()
    }

    #[test]
    fn the_map_as_it_is_drawn_breaks_nothing() {
        let drawn: Vec<_> =
            LAYERS.iter().map(|(name, below)| package(name, below, &["limpet-testkit"])).collect();
        assert_eq!(rules(&drawn), Vec::<String>::new());
    }

    #[test]
    fn a_kept_crate_elsewhere_is_broken() {
        for (kept, keepers) in KEPT {
            let name = kept.replace('*', "anything");
            let thief = package("limpet-model", &[&name], &[]);
            let expected =
                format!("crates/limpet-model/Cargo.toml: only {} may name {name}", keepers.join(", "));
            assert_eq!(rules(&[thief]), [expected]);
            assert!(rules(&[package(keepers[0], &[&name], &[])]).is_empty(), "{name}");
            assert_eq!(rules(&[package("limpet-wire", &[], &[&name])]).len(), 1, "{name} in tests");
        }
    }

    #[test]
    fn a_lower_crate_that_knows_a_higher_one_is_broken() {
        let packages =
            [package("limpet-model", &["limpet-wire"], &[]), package("limpet-wire", &["limpet-model"], &[])];
        assert_eq!(
            rules(&packages),
            ["crates/limpet-model/Cargo.toml: limpet-model may not know limpet-wire: it is not below it"]
        );
    }

    #[test]
    fn the_server_may_not_know_a_desktop_crate_even_in_tests() {
        let packages = [package("limpet-server", &[], &["limpet-cache"]), package("limpet-cache", &[], &[])];
        assert_eq!(
            rules(&packages),
            [
                "crates/limpet-server/Cargo.toml: the server never depends on a desktop crate, and limpet-cache is one"
            ]
        );
    }

    #[test]
    fn a_crate_nobody_placed_is_broken() {
        assert_eq!(rules(&[package("limpet-new", &[], &[])]).len(), 1);
    }

    #[test]
    fn metadata_is_read_as_cargo_writes_it() {
        let metadata = r#"{"packages": [{"name": "limpet-server", "manifest_path": "/p/crates/server/Cargo.toml",
            "dependencies": [{"name": "axum", "kind": null}, {"name": "tauri", "kind": "dev"}]}]}"#;
        let packages = packages(metadata, Path::new("/p")).unwrap();
        assert_eq!(
            rules(&packages),
            ["crates/server/Cargo.toml: only limpet may name tauri"],
            "kinds and paths are told apart"
        );
    }
}
