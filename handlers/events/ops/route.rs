//! What is asked about: `{resource}/{id?}/{action?}`.

use std::collections::BTreeMap;

use http::{Method, StatusCode, header::ALLOW};

use super::fault::Fault;

/// A resource, and which one of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// Everything that can be asked for.
    Steps,
    /// Ask for one step.
    Step(&'a str),
    /// Everybody.
    People,
    /// One person.
    Person(&'a str),
    /// One team.
    Team(&'a str),
    /// One cluster.
    Cluster(&'a str),
    /// One case.
    Case(&'a str),
    /// Who can do what.
    Access,
    /// How well changes in Entra are heard.
    Feeds,
    /// What is degraded.
    Health,
    /// How long leavers really kept their access: a page.
    Report,
    /// Whether the break-glass accounts would work.
    Drill,
    /// The function apps, and which of them are paused.
    Apps,
    /// Pause an app's writes.
    Pause(&'a str),
    /// Let an app write again.
    Resume(&'a str),
    /// Messages that could not be read.
    Parked,
    /// Send one of them again.
    Replay(&'a str),
    /// Send all of them again that were not yet.
    ReplayAll,
    /// Messages that Service Bus gave up on.
    DeadLetters,
    /// Send those of one queue or subscription again.
    ReplayDead(&'a str),
    /// A decision that needs an approval.
    Plan(&'a str),
    /// Approve it.
    Approve(&'a str),
}

/// What there is, for whoever asked for something else.
const KNOWN: &str = "there is steps, steps/{step}, people, people/{personId}, teams/{team}, \
    clusters/{cluster}, cases/{caseId}, report, access, feeds, health, drill, apps, apps/{app}/pause, \
    apps/{app}/resume, parked, parked/{digest}/replay, parked/all/replay, dead-letters, \
    dead-letters/{entity}/replay, plans/{hash} and plans/{hash}/approve";

impl<'a> Route<'a> {
    /// The route that the host's parameters name.
    pub(super) fn of(params: &'a BTreeMap<String, String>) -> Result<Self, Fault> {
        let given = |name| params.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let resource = given("resource").unwrap_or_default();
        Self::parse(resource, given("id"), given("action"))
            .ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, KNOWN))
    }

    fn parse(resource: &str, id: Option<&'a str>, action: Option<&str>) -> Option<Self> {
        Some(match (resource, id, action) {
            ("steps", None, None) => Self::Steps,
            ("steps", Some(name), None) => Self::Step(name),
            ("people", None, None) => Self::People,
            ("people", Some(id), None) => Self::Person(id),
            ("teams", Some(name), None) => Self::Team(name),
            ("clusters", Some(name), None) => Self::Cluster(name),
            ("cases", Some(id), None) => Self::Case(id),
            ("access", None, None) => Self::Access,
            ("feeds", None, None) => Self::Feeds,
            ("report", None, None) => Self::Report,
            ("health", None, None) => Self::Health,
            ("drill", None, None) => Self::Drill,
            ("apps", None, None) => Self::Apps,
            ("apps", Some(app), Some("pause")) => Self::Pause(app),
            ("apps", Some(app), Some("resume")) => Self::Resume(app),
            ("parked", None, None) => Self::Parked,
            ("parked", Some("all"), Some("replay")) => Self::ReplayAll,
            ("parked", Some(digest), Some("replay")) => Self::Replay(digest),
            ("dead-letters", None, None) => Self::DeadLetters,
            ("dead-letters", Some(entity), Some("replay")) => Self::ReplayDead(entity),
            ("plans", Some(hash), None) => Self::Plan(hash),
            ("plans", Some(hash), Some("approve")) => Self::Approve(hash),
            _ => return None,
        })
    }

    /// Refuses a method that the resource does not have.
    pub(super) fn check(self, method: &Method) -> Result<(), Fault> {
        let allowed = self.method();
        if *method == allowed {
            return Ok(());
        }
        let detail = format!("only {allowed} is allowed here");
        Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, detail).header(ALLOW, allowed.as_str()))
    }

    fn method(self) -> Method {
        match self {
            Self::Step(_)
            | Self::Approve(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Replay(_)
            | Self::ReplayAll
            | Self::ReplayDead(_) => Method::POST,
            _ => Method::GET,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above")
    }

    fn runbook() -> String {
        fs::read_to_string(root().join("infra/runbook.md")).expect("the runbook")
    }

    /// The method and path of every call in a text: `get /api/…` and `post /api/…`.
    fn calls(text: &str) -> Vec<(Method, String)> {
        let words: Vec<&str> = text.split([' ', '`', '\n']).collect();
        let mut calls = Vec::new();
        for pair in words.windows(2) {
            let Some(path) = pair[1].trim_matches('\'').strip_prefix("/api/") else { continue };
            let path = path.split('?').next().unwrap_or_default().to_owned();
            match pair[0] {
                "get" => calls.push((Method::GET, path)),
                "post" => calls.push((Method::POST, path)),
                other => panic!("{other} {path}: how is it called?"),
            }
        }
        calls
    }

    #[test]
    fn every_call_of_the_runbook_is_served() {
        let calls = calls(&runbook());
        assert!(calls.len() > 20, "{calls:?}");
        for (method, path) in calls {
            let mut parts = path.split('/');
            let (resource, id, action) = (parts.next().expect("one"), parts.next(), parts.next());
            let route = Route::parse(resource, id, action);
            let route = route.unwrap_or_else(|| panic!("/api/{path} is not served"));
            assert_eq!(route.method(), method, "/api/{path}");
            if let Route::Step(name) = route {
                crate::events::ops::catalog::Offer::find(name).expect("an offer");
            }
        }
    }

    #[test]
    fn every_log_line_of_the_runbook_is_written_by_somebody() {
        let text = runbook();
        let lines = text.lines().filter_map(|line| line.strip_prefix("Log: "));
        let quoted: Vec<&str> = lines.flat_map(|line| line.split('"').skip(1).step_by(2)).collect();
        assert!(quoted.len() > 5, "{quoted:?}");
        let sources = sources(&[root().join("handlers"), root().join("shared")]);
        for line in quoted {
            assert!(sources.contains(&format!("\"{line}")), "nobody logs {line:?}");
        }
    }

    fn sources(folders: &[std::path::PathBuf]) -> String {
        let mut text = String::new();
        let mut folders = folders.to_vec();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    text.push_str(&fs::read_to_string(&path).expect("a source"));
                }
            }
        }
        text
    }
}
