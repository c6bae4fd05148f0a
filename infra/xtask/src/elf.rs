//! What a Linux binary asks of the machine that it runs on.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};
use object::{
    Endianness,
    elf::{DT_NEEDED, EM_X86_64, FileHeader64, SHT_SYMTAB},
    read::elf::{FileHeader as _, SectionHeader as _},
};

/// The parts of glibc; nothing else is sure to be on an image.
const GLIBC: [&str; 7] = [
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
];

/// What a binary asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    /// Shared libraries.
    pub libraries: BTreeSet<String>,
    /// Versions of their symbols, `GLIBC_2.17`.
    pub versions: BTreeSet<String>,
    /// The names of its own functions are gone.
    pub stripped: bool,
}

impl Asks {
    /// Reads what a binary for x86-64 asks for.
    ///
    /// # Errors
    /// When the file cannot be read, or is no such binary.
    pub fn of(file: &Path) -> Result<Self> {
        let data = fs::read(file).with_context(|| file.display().to_string())?;
        read(&data).with_context(|| file.display().to_string())
    }

    /// The newest glibc that it asks for, which must be on the machine.
    ///
    /// # Errors
    /// When it asks for another library than glibc's, or for something without a number, which
    /// only the glibc it was linked with is known to have.
    pub fn glibc(&self) -> Result<Version> {
        for library in &self.libraries {
            ensure!(GLIBC.contains(&library.as_str()), "{library} is not sure to be there");
        }
        let newest = self.versions.iter().map(|name| {
            let number = name.strip_prefix("GLIBC_").and_then(Version::parse);
            number.with_context(|| format!("{name} is no version of glibc"))
        });
        let versions: Vec<_> = newest.collect::<Result<_>>()?;
        Ok(versions.into_iter().max().unwrap_or_default())
    }
}

/// A version of glibc, `2.28`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// Reads numbers with dots between.
    pub fn parse(text: &str) -> Option<Self> {
        text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>().map(Self)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

fn read(data: &[u8]) -> Result<Asks> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    ensure!(header.e_machine(endian) == EM_X86_64, "not for x86-64");
    let sections = header.sections(endian, data)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut libraries = BTreeSet::new();
    let dynamic = sections.dynamic_table(endian, data)?;
    for entry in dynamic.iter().filter(|entry| entry.tag == DT_NEEDED) {
        libraries.insert(text(dynamic.string(entry)?));
    }
    let mut versions = BTreeSet::new();
    if let Some((mut needs, link)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut symbols)) = needs.next()? {
            while let Some(version) = symbols.next()? {
                versions.insert(text(version.name(endian, strings)?));
            }
        }
    }
    let stripped = sections.iter().all(|section| section.sh_type(endian) != SHT_SYMTAB);
    Ok(Asks { libraries, versions, stripped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(libraries: &[&str], versions: &[&str]) -> Asks {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Asks { libraries: owned(libraries), versions: owned(versions), stripped: true }
    }

    #[test]
    fn the_newest_glibc_is_told_by_number_and_not_by_letters() {
        let asked = asks(&["libc.so.6"], &["GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.9"]);
        assert_eq!(asked.glibc().expect("numbers").to_string(), "2.17");
        assert!(Version::parse("2.28") < Version::parse("2.30"));
        assert_eq!(asks(&[], &[]).glibc().expect("static"), Version::default());
    }

    #[test]
    fn what_only_some_images_have_is_named() {
        let refused = |asked: Asks| asked.glibc().expect_err("refused").to_string();
        let other = asks(&["libc.so.6", "libssl.so.3"], &[]);
        assert_eq!(refused(other), "libssl.so.3 is not sure to be there");
        let relr = asks(&["libc.so.6"], &["GLIBC_2.17", "GLIBC_ABI_DT_RELR"]);
        assert_eq!(refused(relr), "GLIBC_ABI_DT_RELR is no version of glibc");
    }

    #[test]
    fn a_binary_is_read() {
        let own = std::env::current_exe().expect("a name");
        let asked = Asks::of(&own).expect("this very test is a binary");
        assert!(asked.libraries.contains("libc.so.6"), "{asked:?}");
        assert!(asked.versions.iter().any(|version| version.starts_with("GLIBC_2.")), "{asked:?}");
        assert!(!asked.stripped);
        assert!(read(b"#!/bin/sh\n").is_err());
    }
}
