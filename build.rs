//! Tells the program what it was built for and with; no date and no path, so that equal sources give equal programs.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo::rustc-env=RETALLY_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=RETALLY_PROFILE={}", variable("PROFILE"));
    let version = Command::new(variable("RUSTC")).arg("--version").output();
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=RETALLY_RUSTC={}", version.as_deref().unwrap_or("unknown").trim());
}
