//! Migrations are embedded when the crate is compiled: adding one must compile it again.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
