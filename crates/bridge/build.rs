//! The folder of the built UI must exist for embedding, also before the UI was built for the first time.

fn main() {
    let dist = std::path::Path::new("../../ui/desk/dist");
    if !dist.exists()
        && let Err(error) = std::fs::create_dir_all(dist)
    {
        println!("cargo::error=the folder {} cannot be made: {error}", dist.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../ui/desk/dist");
}
