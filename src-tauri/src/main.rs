//! `limpet`, the desktop app for staff.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    limpet_video::run_child_if_asked();
    limpet::run();
}
