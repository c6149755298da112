//! The decoder child.
/// Runs the decoder and never returns when this program was started as a decoder child; returns otherwise.
pub fn run_child_if_asked() {}
