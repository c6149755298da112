//! The window around the desk: its calls and one page for the browser, one event, one scheme for pictures.
//!
//! **Invariant:** nothing here decides anything. What the product does lives in `crates/desk` and can be
//! driven without a window; what it looks like lives in `ui/desk`.

mod arguments;
mod desk;
#[cfg(target_os = "linux")]
mod drawing;
mod pictures;

use tauri::Manager as _;
use tracing_subscriber::EnvFilter;

use crate::{arguments::Arguments, desk::Opening};

/// Runs the desktop app until its last window is closed.
///
/// # Panics
///
/// When the window system is not there: nothing can be shown to anybody then.
pub fn run() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("LIMPET_LOG").unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(std::io::stderr)
        .init();
    #[cfg(target_os = "linux")]
    drawing::fit_to_this_computer();
    let arguments = Arguments::read(std::env::args_os().skip(1));

    let mut app = tauri::Builder::default();
    if arguments.profile.is_none() {
        // A second start brings the first window forward. A profile named on the command line is an app of its own.
        app = app.plugin(tauri_plugin_single_instance::init(|app, _, _| {
            if let Some(window) = app.get_webview_window("main") {
                let _ = window.unminimize();
                let _ = window.set_focus();
            }
        }));
    }
    let app = app
        .plugin(tauri_plugin_dialog::init())
        .manage(Opening::new(arguments.profile))
        .invoke_handler(tauri::generate_handler![desk::call, desk::open_reset])
        .register_asynchronous_uri_scheme_protocol("limpet", pictures::answer)
        .setup(|app| {
            desk::start(app.handle());
            std::thread::spawn(ready_decoder);
            Ok(())
        })
        .build(tauri::generate_context!())
        .expect("a window system");
    app.run(|app, event| {
        if let tauri::RunEvent::Exit = event {
            desk::close(app);
        }
    });
}

/// Has a decoder wait for the first clip.
fn ready_decoder() {
    if let Err(error) = limpet_video::prepare() {
        tracing::warn!(%error, "No decoder could be made ready");
    }
}
