//! `limpet-server`: see `limpet-server --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    limpet_video::run_child_if_asked();
    match limpet_server::command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("limpet-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
