//! What is asked: four parameters, and which page.

use std::{collections::BTreeMap, str::FromStr};

use http::StatusCode;
use latchkey_core::{
    ClusterName, ObjectId, PersonId, TeamName,
    access::{Filter, Whom},
};
use latchkey_runtime::{Cx, PersonView};
use url::form_urlencoded;

use super::super::fault::Fault;

/// Rows of a page, unless fewer are asked for.
const PAGE: usize = 500;
/// Most rows of a page.
const MOST: usize = 5_000;
const KNOWN: [&str; 6] = ["cluster", "namespace", "person", "team", "from", "limit"];

/// Which rows, and which page of them.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub filter: Filter,
    /// Rows before the page.
    pub from: usize,
    /// Rows of the page.
    pub limit: usize,
    given: BTreeMap<String, String>,
}

impl Asked {
    /// Reads the query. A parameter that nothing is known of is an error: misspelt, it would show
    /// more than was asked for. One without a value is as good as absent.
    pub async fn read(cx: &Cx, query: &BTreeMap<String, String>) -> Result<Self, Fault> {
        if let Some(name) = query.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(Fault::in_field(StatusCode::BAD_REQUEST, name, "is no parameter here"));
        }
        let given: BTreeMap<_, _> =
            query.iter().filter(|(_, value)| !value.is_empty()).map(owned).collect();
        let filter = Filter {
            cluster: cluster(cx, &given)?,
            namespace: parsed(&given, "namespace")?,
            who: whom(cx, &given).await?,
            team: team(cx, &given)?,
        };
        let from = parsed(&given, "from")?.unwrap_or(0);
        let limit = parsed(&given, "limit")?.unwrap_or(PAGE);
        if !(1..=MOST).contains(&limit) {
            let detail = format!("must be between 1 and {MOST}");
            return Err(Fault::in_field(StatusCode::BAD_REQUEST, "limit", &detail));
        }
        Ok(Self { filter, from, limit, given })
    }

    /// Where the page that begins with this row is.
    pub fn link(&self, from: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.given.iter().filter(|(name, _)| *name != "from"));
        query.append_pair("from", &from.to_string());
        format!("/api/access?{}", query.finish())
    }
}

fn owned((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// A parameter as its type.
fn parsed<T: FromStr>(given: &BTreeMap<String, String>, name: &str) -> Result<Option<T>, Fault>
where
    T::Err: ToString,
{
    let read = |text: &String| {
        text.parse().map_err(|error: T::Err| {
            Fault::in_field(StatusCode::BAD_REQUEST, name, &error.to_string())
        })
    };
    given.get(name).map(read).transpose()
}

fn cluster(cx: &Cx, given: &BTreeMap<String, String>) -> Result<Option<ClusterName>, Fault> {
    let name = parsed::<ClusterName>(given, "cluster")?;
    match name {
        Some(name) if !cx.policy().clusters.contains_key(&name) => {
            Err(unknown("cluster", "is no cluster of the policy"))
        }
        name => Ok(name),
    }
}

fn team(cx: &Cx, given: &BTreeMap<String, String>) -> Result<Option<TeamName>, Fault> {
    let name = parsed::<TeamName>(given, "team")?;
    match name {
        Some(name) if !cx.policy().teams.contains_key(&name) => {
            Err(unknown("team", "is no team of the policy"))
        }
        name => Ok(name),
    }
}

/// A person that a fact is known of, or else whatever has this object id.
async fn whom(cx: &Cx, given: &BTreeMap<String, String>) -> Result<Option<Whom>, Fault> {
    let Some(person) = parsed::<PersonId>(given, "person")? else { return Ok(None) };
    let view = PersonView::read(cx, &person).await?;
    if !view.facts.is_empty() || view.link.is_some() {
        return Ok(Some(Whom::Person(person)));
    }
    let id = ObjectId::new(person.as_str().to_ascii_lowercase());
    let id = id.map_err(|_| unknown("person", "is nobody a fact is known of"))?;
    Ok(Some(Whom::Object(id)))
}

fn unknown(name: &str, why: &str) -> Fault {
    Fault::in_field(StatusCode::NOT_FOUND, name, why)
}
