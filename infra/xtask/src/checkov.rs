//! checkov over the Bicep files. What it finds and we leave stands in `infra/checkov.toml`, each with
//! its reason; a reason that is no longer needed fails as well.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use xtask::{pack, venv::CHECKOV};

/// The file of reasons.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    left: Vec<Finding>,
}

/// A finding that is left, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    check: String,
    file: String,
    reason: String,
}

/// Judges `infra/`.
///
/// # Errors
/// When checkov finds what has no reason, cannot read a file, or does not find what has one.
pub fn check() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    copy(&pack::root().join("infra"), scratch.path())?;
    copy(&pack::root().join("infra/modules"), &scratch.path().join("modules"))?;
    let mut checkov = Command::new(CHECKOV.program("checkov"));
    checkov.args(["--framework", "bicep", "--skip-download", "--output", "json", "--directory"]);
    // It says by its status that it found something, and tells on stderr which checks broke.
    let output = checkov.arg(scratch.path()).env("LOG_LEVEL", "CRITICAL").stderr(Stdio::null());
    let output = output.output().context("checkov cannot be run")?;
    let report: Value = serde_json::from_slice(&output.stdout).context("checkov's report")?;
    judge(&report, &reasons()?)
}

/// Copies Bicep files. checkov knows no extensions, so that these lines become comments.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "bicep") {
            let text = fs::read_to_string(&path)?.replace("\nextension ", "\n// extension ");
            fs::write(to.join(path.file_name().unwrap_or_default()), text)?;
        }
    }
    Ok(())
}

fn reasons() -> Result<Vec<Finding>> {
    let text = fs::read_to_string(pack::root().join("infra/checkov.toml"))?;
    Ok(toml::from_str::<Left>(&text).context("infra/checkov.toml")?.left)
}

fn judge(report: &Value, reasons: &[Finding]) -> Result<()> {
    let results = &report["results"];
    ensure!(results["parsing_errors"] == Value::Array(Vec::new()), "{}", results["parsing_errors"]);
    let passed = report["summary"]["passed"].as_u64().unwrap_or_default();
    ensure!(passed > 0, "checkov judged nothing: {}", report["summary"]);
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for found in results["failed_checks"].as_array().context("checkov lists no findings")? {
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        let file = text("file_path").trim_start_matches('/');
        let fits = |left: &Finding| left.check == text("check_id") && left.file == file;
        match reasons.iter().position(fits) {
            Some(at) => drop(used.insert(at)),
            None => wrong.push(format!(
                "{} in infra/{file}: {} ({})",
                text("check_id"),
                text("check_name"),
                text("resource")
            )),
        }
    }
    for (at, left) in reasons.iter().enumerate() {
        if left.reason.len() < 20 {
            wrong.push(format!("{} in infra/{} has no reason", left.check, left.file));
        }
        if !used.contains(&at) {
            wrong.push(format!("{} is not found in infra/{} any more", left.check, left.file));
        }
    }
    if !wrong.is_empty() {
        bail!("checkov:\n{}", wrong.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(findings: &[(&str, &str)]) -> Value {
        let of = |(check, file): &(&str, &str)| json!({ "check_id": check, "file_path": format!("/{file}") });
        let failed: Vec<_> = findings.iter().map(of).collect();
        json!({
            "results": { "failed_checks": failed, "parsing_errors": [] }, "summary": { "passed": 1 },
        })
    }

    #[test]
    fn a_finding_needs_a_reason_and_a_reason_a_finding() {
        let left = || Finding {
            check: "CKV_1".into(),
            file: "main.bicep".into(),
            reason: "the platform does it for every app".into(),
        };
        assert!(judge(&report(&[("CKV_1", "main.bicep")]), &[left()]).is_ok());
        let refused = |findings: &[(&str, &str)], reasons: &[Finding]| {
            judge(&report(findings), reasons).expect_err("refused").to_string()
        };
        assert!(refused(&[("CKV_1", "main.bicep")], &[]).contains("CKV_1 in infra/main.bicep"));
        assert!(refused(&[], &[left()]).contains("not found in infra/main.bicep any more"));
        let without = Finding { reason: "later".into(), ..left() };
        assert!(refused(&[("CKV_1", "main.bicep")], &[without]).contains("has no reason"));
    }

    #[test]
    fn a_file_that_cannot_be_read_and_a_run_without_checks_fail() {
        let mut broken = report(&[]);
        broken["results"]["parsing_errors"] = json!(["/main.bicep"]);
        assert!(judge(&broken, &[]).is_err());
        let mut empty = report(&[]);
        empty["summary"]["passed"] = json!(0);
        assert!(judge(&empty, &[]).is_err());
    }
}
