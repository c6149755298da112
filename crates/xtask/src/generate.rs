//! TypeScript from Rust types, and whether what is committed is what the types say.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

/// Writes `ui/shared/gen/wire.ts`, or compares with what is there.
pub fn generate(root: &Path, check: bool) -> Result<()> {
    let path = root.join("ui/shared/gen/wire.ts");
    let text = limpet_wire::typescript::typescript();
    if check {
        let committed =
            fs::read_to_string(&path).context("ui/shared/gen/wire.ts is missing: run `cargo xtask gen`")?;
        ensure!(
            committed == text,
            "ui/shared/gen/wire.ts differs from crates/wire: run `cargo xtask gen` and commit it"
        );
    } else {
        fs::create_dir_all(path.parent().context("no parent")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}
