//! Delta query: what changed among groups and users since a link was taken.
//!
//! A round is at least once and in no order: it can repeat what an earlier one told, tell of one
//! group on many pages, and leave out what a later round will tell. What it tells is where to
//! look; only a read of the object says how things are.

mod change;

use std::collections::BTreeMap;

use latchkey_core::{CallError, Service};
use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;

use self::change::Change;
pub use self::change::{GroupChange, Removed, UserChange};
use super::{Graph, users::graph_call};
use crate::http::{Answer, Request, odata, same_origin};

/// What of a group makes it appear in a round: its name and its members.
const OF_GROUPS: &str = "displayName,members";
/// What of a user makes it appear in a round. The user principal name is selected so that a change
/// of it shows; it is not read.
const OF_USERS: &str = "employeeId,accountEnabled,userPrincipalName";
/// How often a round begins anew because its pages went stale while they were read.
const RESTARTS: u32 = 2;

/// One round of a delta query, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round<C> {
    /// One change per object, by object id. Grows with the number of changes alone.
    pub changes: Vec<C>,
    /// Where the next round begins. It holds no personal data, and lives seven days at least.
    pub link: String,
    /// The link that was given is of no use any more, and `link` begins now: what changed in
    /// between is not known, so everything must be compared.
    pub reset: bool,
}

impl Graph {
    /// The groups that changed since `link` was taken: renamed, deleted, restored, or with other
    /// members. Without a link nothing has changed yet, and one that begins now is taken.
    ///
    /// # Errors
    /// As every call; [`CallError::Surprise`] when an answer leads away from this service.
    pub async fn group_changes(&self, link: Option<&str>) -> Result<Round<GroupChange>, CallError> {
        let what = "GET /groups/delta";
        self.round(what, self.beginning_now("groups", OF_GROUPS), link).await
    }

    /// The users that changed since `link` was taken: another employee id or name, enabled,
    /// disabled, deleted or restored. Without a link as [`group_changes`](Self::group_changes).
    ///
    /// # Errors
    /// As [`group_changes`](Self::group_changes).
    pub async fn user_changes(&self, link: Option<&str>) -> Result<Round<UserChange>, CallError> {
        let what = "GET /users/delta";
        self.round(what, self.beginning_now("users", OF_USERS), link).await
    }

    fn beginning_now(&self, set: &str, select: &str) -> Url {
        let mut url = self.url(&[set, "delta"]);
        url.query_pairs_mut().append_pair("$select", select).append_pair("$deltatoken", "latest");
        odata(url)
    }

    /// Reads from `link`, or from now on when there is none or it is refused.
    async fn round<C: Change>(
        &self,
        what: &'static str,
        now: Url,
        link: Option<&str>,
    ) -> Result<Round<C>, CallError> {
        // A link that leads elsewhere was taken at another endpoint: our token must not go there.
        if let Some(begin) = link.and_then(|link| self.below_root(what, link).ok()) {
            for _ in 0..=RESTARTS {
                match self.pages(what, begin.clone()).await? {
                    Read::Whole(changes, link) => return Ok(Round { changes, link, reset: false }),
                    Read::Stale => {}
                    Read::Refused => break,
                }
            }
        }
        match self.pages(what, now).await? {
            Read::Whole(changes, next) => Ok(Round { changes, link: next, reset: link.is_some() }),
            Read::Stale | Read::Refused => Err(surprise(what, "it refuses to begin now")),
        }
    }

    /// All pages from one on, one change per object.
    async fn pages<C: Change>(&self, what: &'static str, from: Url) -> Result<Read<C>, CallError> {
        let call = graph_call(what);
        let mut changes = BTreeMap::new();
        let mut next = from;
        loop {
            let answer = self.endpoint.exchange(&Request::get(Service::Graph, what, next)).await?;
            if let Some(read) = refusal(&answer) {
                return Ok(read);
            }
            let page: Page<C::Wire> = answer.ok(&call)?.json(&call)?;
            for object in page.value {
                let change = C::read(&call, object)?;
                match changes.get_mut(change.id()) {
                    Some(known) => C::merge(known, change),
                    None => drop(changes.insert(change.id().clone(), change)),
                }
            }
            next = match (page.next_link, page.delta_link) {
                (Some(link), _) => self.below_root(what, &link)?,
                (None, Some(link)) => {
                    let link = self.below_root(what, &link)?.into();
                    return Ok(Read::Whole(changes.into_values().collect(), link));
                }
                (None, None) => return Err(surprise(what, "a page has no link")),
            };
        }
    }

    /// A link, if it leads to this service and version.
    fn below_root(&self, what: &'static str, link: &str) -> Result<Url, CallError> {
        let root = self.endpoint.root();
        let url = same_origin(Service::Graph, what, root, link)?;
        let below = url.path().strip_prefix(root.path()).is_some_and(|rest| rest.starts_with('/'));
        if below { Ok(url) } else { Err(surprise(what, "a link leads to another version")) }
    }
}

/// How reading pages ended.
enum Read<C> {
    /// At the last page, with the link of the next round.
    Whole(Vec<C>, String),
    /// A page is not kept any more: the round must begin anew.
    Stale,
    /// The link is of no use any more.
    Refused,
}

/// A token that is too old, or was given up, is answered with 410 or, by `syncStateNotFound` and
/// `resyncRequired`, with another 4xx: which one is not published for directory objects. What is
/// sent never changes, so any answer that it is wrong is about the token.
fn refusal<C>(answer: &Answer) -> Option<Read<C>> {
    match answer.status {
        StatusCode::BAD_REQUEST
            if answer.error().code.eq_ignore_ascii_case("Directory_ExpiredPageToken") =>
        {
            Some(Read::Stale)
        }
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE => Some(Read::Refused),
        _ => None,
    }
}

fn surprise(what: &'static str, detail: &str) -> CallError {
    CallError::Surprise { call: graph_call(what), detail: detail.to_owned() }
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta_link: Option<String>,
}

#[cfg(test)]
mod tests;
