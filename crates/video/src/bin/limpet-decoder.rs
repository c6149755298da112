//! A decoder child and nothing else, for tests of crates that have no program of their own.

fn main() {
    limpet_video::run_child_if_asked();
    eprintln!("limpet-decoder is started by other Limpet programs and does nothing on its own.");
    std::process::exit(2);
}
