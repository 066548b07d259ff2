//! Gathers the built dashboard for embedding; without one, a page that says how to build it.

use std::{env, fs, io, path::Path};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>StreamPulse</title>\
    <p>The dashboard was not built into this program: run <code>npm run build</code> in <code>frontend/</code> \
    and build again. The API is at <a href=\"/docs\">/docs</a>.</p></html>\n";

fn main() -> io::Result<()> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../frontend/dist");
    let target = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("dashboard");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../frontend/dist");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    if dist.join("index.html").is_file() {
        copy(&dist, &target)
    } else {
        fs::write(target.join("index.html"), PLACEHOLDER)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
