//! What the binary does when it is asked something instead of being started by a Functions host:
//! nothing here needs settings or a network, except that `public-key` reads the signing key.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use latchkey_core::call::CallError;
use latchkey_ledger::{Ledger, OpenError};
use latchkey_seal::{KeyError, PublicKey, Report, Signer, Trust, verify};

/// What may be asked.
pub const USAGE: &str = "\
usage: latchkey verify DIR [--key PUBLIC.pem]... [--last-root HASH]
           checks a ledger, or a downloaded copy of its container: every chain, every root, every
           signature, every receipt; exits with 1 when anything is bad. --key may be given more
           than once, for keys are replaced; --last-root is the hash of a root that you noted
           when it was the newest.
       latchkey public-key
           prints the public key of LATCHKEY_SIGNING_KEY, for --key.
Without arguments it serves its functions to an Azure Functions host.";

/// The exit code of who asked wrongly.
const MISUSED: u8 = 2;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The arguments are not understood.
    #[error("{0}\n{USAGE}")]
    Usage(String),
    /// There is no such directory.
    #[error("{} is no directory", .0.display())]
    NoDirectory(PathBuf),
    /// The directory is not usable as a ledger.
    #[error("{} cannot be opened", .0.display())]
    Open(PathBuf, #[source] OpenError),
    /// A key file cannot be read.
    #[error("{} cannot be read", .0.display())]
    KeyFile(PathBuf, #[source] std::io::Error),
    /// A key file holds no key.
    #[error("{0} holds no public key")]
    Key(String, #[source] KeyError),
    /// The ledger could not be read to its end.
    #[error("the ledger cannot be read")]
    Read(#[source] CallError),
    /// There is no key to show.
    #[error("LATCHKEY_SIGNING_KEY is not set")]
    NoSigningKey,
    /// The signing key is none.
    #[error("LATCHKEY_SIGNING_KEY is no key to sign with")]
    SigningKey(#[source] KeyError),
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Help,
    PublicKey,
    Verify { directory: PathBuf, keys: Vec<PathBuf>, last_root: Option<String> },
}

/// An answer on standard output, and how the process ends.
#[derive(Debug)]
pub struct Answer {
    /// What is printed.
    pub text: String,
    /// Whether nothing is wrong.
    pub is_good: bool,
}

/// Answers what is asked by arguments.
///
/// # Errors
/// [`CliError`].
pub async fn answer(
    arguments: &[String],
    get: &impl Fn(&str) -> Option<String>,
) -> Result<Answer, CliError> {
    let good = |text: String| Answer { text, is_good: true };
    match Asked::read(arguments)? {
        Asked::Help => Ok(good(USAGE.to_owned())),
        Asked::PublicKey => public_key(get).map(good),
        Asked::Verify { directory, keys, last_root } => {
            let report = check(&directory, &keys, last_root).await?;
            Ok(Answer { text: report.to_string(), is_good: report.is_good() })
        }
    }
}

impl CliError {
    /// How the process ends.
    pub fn exit(&self) -> ExitCode {
        ExitCode::from(MISUSED)
    }
}

impl Asked {
    fn read(arguments: &[String]) -> Result<Self, CliError> {
        let usage = |why: &str| CliError::Usage(why.to_owned());
        let mut rest = arguments.iter();
        match rest.next().map(String::as_str) {
            Some("help" | "--help" | "-h") => return Ok(Self::Help),
            Some("public-key") if rest.len() == 0 => return Ok(Self::PublicKey),
            Some("verify") => {}
            Some(other) => return Err(CliError::Usage(format!("what is `{other}`?"))),
            None => return Err(usage("nothing is asked")),
        }
        let (mut directory, mut keys, mut last_root) = (None, Vec::new(), None);
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--key" => {
                    let file = rest.next().ok_or_else(|| usage("--key names a file"))?;
                    keys.push(file.into());
                }
                "--last-root" => {
                    let hash = rest.next().ok_or_else(|| usage("--last-root names a hash"))?;
                    last_root = Some(hash.to_ascii_lowercase());
                }
                option if option.starts_with('-') => {
                    return Err(CliError::Usage(format!("there is no option {option}")));
                }
                path if directory.is_none() => directory = Some(path.into()),
                _ => return Err(usage("verify checks one directory")),
            }
        }
        let directory = directory.ok_or_else(|| usage("verify needs a directory"))?;
        Ok(Self::Verify { directory, keys, last_root })
    }
}

fn public_key(get: &impl Fn(&str) -> Option<String>) -> Result<String, CliError> {
    let pem = get("LATCHKEY_SIGNING_KEY").filter(|key| !key.is_empty());
    let signer = Signer::from_pem(&pem.ok_or(CliError::NoSigningKey)?);
    let public = signer.and_then(|signer| signer.public().to_pem());
    Ok(public.map_err(CliError::SigningKey)?.trim_end().to_owned())
}

async fn check(
    directory: &Path,
    files: &[PathBuf],
    last_root: Option<String>,
) -> Result<Report, CliError> {
    let mut keys = Vec::new();
    for file in files {
        let pem =
            fs::read_to_string(file).map_err(|error| CliError::KeyFile(file.clone(), error))?;
        let read = PublicKey::all_from_pem(&pem);
        keys.extend(read.map_err(|error| CliError::Key(file.display().to_string(), error))?);
    }
    if !directory.is_dir() {
        return Err(CliError::NoDirectory(directory.to_owned()));
    }
    let ledger =
        Ledger::existing(directory).map_err(|error| CliError::Open(directory.to_owned(), error))?;
    verify(&ledger, &Trust { keys, last_root }).await.map_err(CliError::Read)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    async fn said(line: &str) -> String {
        let arguments: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        match answer(&arguments, &|_| Some(KEY.to_owned())).await {
            Ok(answer) => answer.text,
            Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        }
    }

    #[tokio::test]
    async fn what_is_not_understood_is_named() {
        let lines = [
            "sing",
            "verify",
            "verify --key",
            "verify a b",
            "verify --quiet a",
            "verify /no/such/place",
            "verify . --key /no/such/key",
            "verify . --last-root",
            "verify . --key Cargo.toml",
            "public-key now",
        ];
        let mut told = String::new();
        for line in lines {
            told.push_str(&format!("{line}: {}\n", said(line).await));
        }
        assert_snapshot!(told, @"
        sing: what is `sing`?
        verify: verify needs a directory
        verify --key: --key names a file
        verify a b: verify checks one directory
        verify --quiet a: there is no option --quiet
        verify /no/such/place: /no/such/place is no directory
        verify . --key /no/such/key: /no/such/key cannot be read
        verify . --last-root: --last-root names a hash
        verify . --key Cargo.toml: Cargo.toml holds no public key
        public-key now: what is `public-key`?
        ");
    }

    #[tokio::test]
    async fn the_public_key_is_printed_as_an_auditor_reads_it() {
        assert_snapshot!(said("public-key").await, @"
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PUBLIC KEY-----
        ");
        let error = answer(&["public-key".to_owned()], &|_| None).await.unwrap_err();
        assert_eq!(error.to_string(), "LATCHKEY_SIGNING_KEY is not set");
    }

    #[tokio::test]
    async fn an_empty_directory_is_no_good_ledger_and_stays_empty() {
        let directory = tempfile::tempdir().unwrap();
        let said = said(&format!("verify {}", directory.path().display())).await;
        assert!(said.starts_with("BAD  ledger: there is no record at all"), "{said}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_is_bad_is_a_line_each_and_the_summary_comes_last() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("people")).unwrap();
        fs::write(directory.path().join("people/note.txt"), "x").unwrap();
        let ledger = Ledger::directory(directory.path()).unwrap();
        let at = "2026-03-02T09:00:00Z".parse().unwrap();
        ledger.append_always("people/0042", at, "joined").await.unwrap();
        fs::write(directory.path().join("people/0042/0000000001.json"), "{}").unwrap();
        let line = ["verify".to_owned(), directory.path().display().to_string()];
        let answer = answer(&line, &|_| None).await.unwrap();
        assert!(!answer.is_good);
        assert_snapshot!(answer.text, @"
        BAD  people/note.txt: this object is no record
        BAD  people/0042 record 1: it is not a record: missing field `sequence` at line 1 column 2
        note not sealed yet: 1 records, 1 streams of them new
        2 bad: 1 streams, 1 records, 0 roots, 0 receipts, 0 good signatures; no root
        ");
    }
}
