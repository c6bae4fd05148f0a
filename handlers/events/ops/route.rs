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
    /// Messages that could not be read.
    Parked,
    /// A decision that needs an approval.
    Plan(&'a str),
    /// Approve it.
    Approve(&'a str),
}

impl<'a> Route<'a> {
    /// The route that the host's parameters name.
    pub(super) fn of(params: &'a BTreeMap<String, String>) -> Result<Self, Fault> {
        let given = |name| params.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let resource = given("resource").unwrap_or_default();
        Ok(match (resource, given("id"), given("action")) {
            ("steps", None, None) => Self::Steps,
            ("steps", Some(name), None) => Self::Step(name),
            ("people", None, None) => Self::People,
            ("people", Some(id), None) => Self::Person(id),
            ("teams", Some(name), None) => Self::Team(name),
            ("clusters", Some(name), None) => Self::Cluster(name),
            ("cases", Some(id), None) => Self::Case(id),
            ("access", None, None) => Self::Access,
            ("feeds", None, None) => Self::Feeds,
            ("parked", None, None) => Self::Parked,
            ("plans", Some(hash), None) => Self::Plan(hash),
            ("plans", Some(hash), Some("approve")) => Self::Approve(hash),
            _ => {
                let known = "there is steps, steps/{step}, people, people/{personId}, teams/{team}, \
                             clusters/{cluster}, cases/{caseId}, access, feeds, parked, plans/{hash} and plans/{hash}/approve";
                return Err(Fault::new(StatusCode::NOT_FOUND, known));
            }
        })
    }

    /// Refuses a method that the resource does not have.
    pub(super) fn check(self, method: &Method) -> Result<(), Fault> {
        let allowed = if matches!(self, Self::Step(_) | Self::Approve(_)) {
            Method::POST
        } else {
            Method::GET
        };
        if *method == allowed {
            return Ok(());
        }
        let detail = format!("only {allowed} is allowed here");
        Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, detail).header(ALLOW, allowed.as_str()))
    }
}
