//! Makes the functions that say the messages of `locales/`, and the English table of native programs. A message that is
//! missing or wrong in a language ends the build.

use std::path::PathBuf;
use std::{env, fs, process};

use locales::{Locales, Program, REFERENCE};

fn main() -> Result<(), std::io::Error> {
    let directory = Locales::directory();
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", directory.display());
    let locales = match Locales::read(&directory) {
        Ok(locales) => locales,
        Err(wrong) => {
            for line in wrong.to_string().lines() {
                println!("cargo::error={line}");
            }
            process::exit(1);
        }
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("messages.rs"), locales.functions())?;
    let english = locales
        .languages()
        .iter()
        .find(|language| language.tag == REFERENCE);
    let english = english.map(|english| locales.table(english, Program::All));
    fs::write(out.join("english.txt"), english.unwrap_or_default())
}
