//! How far a user reaches through groups: those they are in, those these are in, those they own.

use std::collections::BTreeSet;

use latchkey_core::{
    CallError, ObjectId,
    holdings::{Group, User},
};

use super::{
    Graph,
    batch::{Item, Response},
    users::{graph_call, required},
    wire::{self, WireGroup, WireUser},
};
use crate::endpoint::Page;

const WHAT: &str = "GET /users/{id} and every group they reach";

/// The groups that a user reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Those the user is a direct member of.
    pub groups: Vec<Group>,
    /// Those the user is in only through another group.
    pub nested: Vec<Group>,
    /// Those the user owns.
    pub owned: Vec<Group>,
}

impl Graph {
    /// The user and every group they reach, in one request (and one more per further page).
    ///
    /// # Errors
    /// As every call.
    pub async fn user_with_reach(&self, id: &ObjectId) -> Result<Option<(User, Reach)>, CallError> {
        let call = graph_call(WHAT);
        let groups = |what: &str| {
            let path = format!("/users/{id}/{what}/microsoft.graph.group");
            Item::new("GET", format!("{path}?$select={}&$top=999", wire::GROUP))
        };
        let items = vec![
            Item::new("GET", format!("/users/{id}?$select={}", wire::USER)),
            groups("memberOf"),
            groups("transitiveMemberOf"),
            groups("ownedObjects"),
        ];
        let mut answers = self.batch(&call, items, false).await.into_iter();
        let mut next = || required(&call, answers.next().unwrap_or(Ok(None))?);
        let user = match next()?.json::<WireUser>(&call) {
            Ok(user) => user.into_user(&call)?,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let (direct, all, owned) = (next()?, next()?, next()?);
        let groups = self.groups_of(direct).await?;
        let mut nested = self.groups_of(all).await?;
        nested.retain(|group| !groups.iter().any(|direct| direct.id == group.id));
        let owned = self.groups_of(owned).await?;
        Ok(Some((user, Reach { groups, nested, owned })))
    }

    /// Of each group, the groups that are in it at any depth: twenty per request.
    ///
    /// # Errors
    /// As every call.
    pub async fn groups_inside(
        &self,
        groups: &[ObjectId],
    ) -> Result<Vec<BTreeSet<ObjectId>>, CallError> {
        let path = |id: &ObjectId| {
            format!("/groups/{id}/transitiveMembers/microsoft.graph.group?$select=id&$top=999")
        };
        self.ids_of("GET /groups/{id}/transitiveMembers groups", groups.iter().map(path)).await
    }

    /// Of each group, the users who are in it at any depth: twenty groups per request.
    ///
    /// # Errors
    /// As every call.
    pub async fn users_inside(
        &self,
        groups: &[ObjectId],
    ) -> Result<Vec<BTreeSet<ObjectId>>, CallError> {
        let path = |id: &ObjectId| {
            format!("/groups/{id}/transitiveMembers/microsoft.graph.user?$select=id&$top=999")
        };
        self.ids_of("GET /groups/{id}/transitiveMembers users", groups.iter().map(path)).await
    }

    /// Of each group, who owns it: twenty per request.
    ///
    /// # Errors
    /// As every call.
    pub async fn owners_of(
        &self,
        groups: &[ObjectId],
    ) -> Result<Vec<BTreeSet<ObjectId>>, CallError> {
        let path = |id: &ObjectId| format!("/groups/{id}/owners?$select=id");
        self.ids_of("GET /groups/{id}/owners", groups.iter().map(path)).await
    }

    async fn ids_of(
        &self,
        what: &'static str,
        paths: impl Iterator<Item = String>,
    ) -> Result<Vec<BTreeSet<ObjectId>>, CallError> {
        let items = paths.map(|path| Item::new("GET", path)).collect();
        let found = self.collections(what, items).await.into_iter();
        found
            .map(|of_one| match of_one {
                Err(error) if error.is_not_found() => Ok(BTreeSet::new()), // deleted meanwhile
                of_one => Ok(of_one?.into_iter().map(|object| object.id).collect()),
            })
            .collect()
    }

    async fn groups_of(&self, answer: Response) -> Result<Vec<Group>, CallError> {
        let call = graph_call(WHAT);
        let page: Page<WireGroup> = answer.json(&call)?;
        let next = page.next(&self.endpoint, call.what)?;
        let mut groups = page.value;
        if let Some(next) = next {
            groups.extend(self.endpoint.all(call.what, next).await?);
        }
        groups.into_iter().map(|group| group.into_group(&call)).collect()
    }
}
