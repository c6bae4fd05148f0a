//! Do the commands that the texts tell exist, with these flags?

use std::fs;

use clap::Parser as _;
use xtask::pack::root;

use crate::Cli;

/// The texts that tell commands.
const TEXTS: [&str; 11] = [
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "docs/add-a-step.md",
    "docs/deployment.md",
    "docs/hr-integration.md",
    "docs/policy.md",
    "docs/procedures.md",
    "infra/runbook.md",
    "infra/threat-model.md",
];

#[test]
fn every_command_of_the_texts_exists() {
    let mut found = 0;
    for name in TEXTS {
        let text = fs::read_to_string(root().join(name)).unwrap();
        for command in commands(&text) {
            let parsed = Cli::try_parse_from(["xtask"].into_iter().chain(command.split(' ')));
            let error = parsed.err().map(|error| error.to_string());
            assert_eq!(error, None, "{name}: cargo xtask {command}");
            found += 1;
        }
    }
    assert!(found > 5, "the commands were not found");
}

/// What follows `cargo xtask`, up to a remark or the end of the code.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("cargo xtask ").skip(1);
    let whole = after.filter_map(|rest| rest.split(['`', '#', '\n']).next());
    whole.filter_map(|command| command.split("  ").next()).map(str::trim)
}
