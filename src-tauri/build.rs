//! Compiles `tauri.conf.json` into the binary and declares the commands the window may call.

fn main() {
    // The folder exists after `npm run build`; an empty one lets `cargo check` run before that.
    let pages = std::path::Path::new("ui/desk/dist");
    if !pages.exists() {
        println!(
            "cargo::warning=ui/desk/dist is missing: run `npm run build` in ui/ to see more than an empty window"
        );
        std::fs::create_dir_all(pages).expect("ui/desk can be written");
        std::fs::write(pages.join("index.html"), "<!doctype html><title>Limpet</title>")
            .expect("ui/desk can be written");
    }
    let commands = tauri_build::AppManifest::new().commands(&["call", "open_reset"]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .expect("tauri.conf.json is valid");
}
