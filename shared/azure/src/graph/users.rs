//! Users.

use latchkey_core::{
    Call, CallError, ObjectId, Service,
    holdings::{Group, User},
    op::NewUser,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::endpoint::Page;

use super::{
    Graph,
    batch::Item,
    password::password,
    wire::{self, WireGroup, WireUser, object_id},
};
use crate::http::{Request, odata};

impl Graph {
    /// The user whose `employeeId` this is.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with code `ambiguous` when several users claim it.
    pub async fn user_by_employee_id(&self, id: &str) -> Result<Option<User>, CallError> {
        let what = "GET /users by employeeId";
        let mut url = self.url(&["users"]);
        let filter = format!("employeeId eq {}", literal(id));
        url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$select", wire::USER);
        let found: Vec<WireUser> = self.endpoint.all(what, odata(url)).await?;
        // An option that the service does not know is ignored, not refused: look again.
        let found = found.into_iter().filter(|user| user.is_employee(id)).collect();
        one(&graph_call(what), found)
    }

    /// The user with this user principal name.
    ///
    /// # Errors
    /// As every call.
    pub async fn user_by_upn(&self, upn: &str) -> Result<Option<User>, CallError> {
        // A segment that starts with `$` would be read as an OData keyword.
        match upn.strip_prefix('$') {
            Some(_) => self.user_at(self.url(&[&format!("users({})", literal(upn))])).await,
            None => self.user_at(self.url(&["users", upn])).await,
        }
    }

    /// The user with this object id.
    ///
    /// # Errors
    /// As every call.
    pub async fn user(&self, id: &ObjectId) -> Result<Option<User>, CallError> {
        self.user_at(self.url(&["users", id.as_str()])).await
    }

    async fn user_at(&self, mut url: Url) -> Result<Option<User>, CallError> {
        let what = "GET /users/{id}";
        url.query_pairs_mut().append_pair("$select", wire::USER);
        match self.endpoint.get::<WireUser>(what, odata(url)).await {
            Ok(user) => user.into_user(&graph_call(what)).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The user and the groups it is a direct member of, in one request (and one more per further
    /// page of groups).
    ///
    /// # Errors
    /// As every call.
    pub async fn user_with_groups(
        &self,
        id: &ObjectId,
    ) -> Result<Option<(User, Vec<Group>)>, CallError> {
        let call = graph_call("GET /users/{id} and its groups");
        let items = vec![
            Item::new("GET", format!("/users/{id}?$select={}", wire::USER)),
            Item::new(
                "GET",
                format!(
                    "/users/{id}/memberOf/microsoft.graph.group?$select={}&$top=999",
                    wire::GROUP
                ),
            ),
        ];
        let mut answers = self.batch(&call, items, false).await.into_iter();
        let mut next = || answers.next().unwrap_or(Ok(None));
        let (user, groups) = (required(&call, next()?)?, required(&call, next()?)?);
        let user = match user.json::<WireUser>(&call) {
            Ok(user) => user.into_user(&call)?,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let page: Page<WireGroup> = groups.json(&call)?;
        let next = page.next(&self.endpoint, call.what)?;
        let mut groups = page.value;
        if let Some(next) = next {
            groups.extend(self.endpoint.all(call.what, next).await?);
        }
        let groups = groups.into_iter().map(|group| group.into_group(&call));
        Ok(Some((user, groups.collect::<Result<_, _>>()?)))
    }

    /// The soft-deleted user whose `employeeId` this is.
    ///
    /// Graph does not promise a filter on deleted items, so all of the last 30 days are listed.
    ///
    /// # Errors
    /// [`CallError::Rejected`] with code `ambiguous` when several claim it.
    pub async fn deleted_user_by_employee_id(&self, id: &str) -> Result<Option<User>, CallError> {
        let what = "GET /directory/deletedItems users";
        let mut url = self.url(&["directory", "deletedItems", "microsoft.graph.user"]);
        url.query_pairs_mut().append_pair("$select", wire::USER).append_pair("$top", "999");
        let deleted: Vec<WireUser> = self.endpoint.all(what, odata(url)).await?;
        let found = deleted.into_iter().filter(|user| user.is_employee(id)).collect();
        one(&graph_call(what), found)
    }

    /// Creates an enabled user with a password that is made here, told to nobody and must be
    /// changed at the first sign-in.
    ///
    /// # Errors
    /// [`CallError::Conflict`] when the user principal name is taken.
    pub async fn create_user(&self, user: &NewUser) -> Result<User, CallError> {
        let request = self
            .request("POST /users", Method::POST, &["users"])
            .json(&new_user_body(user, &password()));
        let answer = self.endpoint.exchange(&request).await?;
        let taken = !answer.status.is_success()
            && answer.error().details.iter().any(|code| code == "ObjectConflict");
        if taken {
            return Err(CallError::Conflict { call: request.call().clone() });
        }
        let call = request.call();
        let created: Created = answer.ok(call)?.json(call)?;
        Ok(User {
            id: object_id(call, &created.id)?,
            upn: user.upn.clone(),
            employee_id: Some(user.employee_id.clone()),
            enabled: true,
            sessions_valid_from: None,
            guest: false,
        })
    }

    /// Brings a soft-deleted user back, memberships included.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when it is not among the deleted.
    pub async fn restore_user(&self, id: &ObjectId) -> Result<(), CallError> {
        let segments = ["directory", "deletedItems", id.as_str(), "restore"];
        let what = "POST /directory/deletedItems/{id}/restore";
        self.done(self.request(what, Method::POST, &segments).json(&json!({}))).await
    }

    /// Lets the account sign in, or not.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_sign_in(&self, id: &ObjectId, enabled: bool) -> Result<(), CallError> {
        let request = self.request("PATCH /users/{id}", Method::PATCH, &["users", id.as_str()]);
        self.done(request.json(&json!({ "accountEnabled": enabled }))).await
    }

    /// Voids every refresh token issued so far; access tokens live on until they expire.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke_sessions(&self, id: &ObjectId) -> Result<(), CallError> {
        let segments = ["users", id.as_str(), "revokeSignInSessions"];
        let what = "POST /users/{id}/revokeSignInSessions";
        self.done(self.request(what, Method::POST, &segments).json(&json!({}))).await
    }

    /// Deletes the user, who can be restored for 30 days; fine when it is gone. Role assignments
    /// and bindings stay behind.
    ///
    /// # Errors
    /// [`CallError::Denied`] when the user holds a directory role.
    pub async fn delete_user(&self, id: &ObjectId) -> Result<(), CallError> {
        let segments = ["users", id.as_str()];
        self.gone(self.request("DELETE /users/{id}", Method::DELETE, &segments)).await
    }

    async fn done(&self, request: Request) -> Result<(), CallError> {
        self.endpoint.send(&request).await.map(drop)
    }
}

#[derive(Deserialize)]
struct Created {
    id: String,
}

fn new_user_body(user: &NewUser, password: &str) -> Value {
    let mut body = json!({
        "accountEnabled": true,
        "displayName": user.display_name,
        "userPrincipalName": user.upn,
        "mailNickname": nickname(&user.upn),
        "employeeId": user.employee_id,
        "passwordProfile": { "password": password, "forceChangePasswordNextSignIn": true },
    });
    for (name, value) in [("department", &user.department), ("jobTitle", &user.job_title)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    body
}

/// The part before `@`, without what a nickname must not hold.
fn nickname(upn: &str) -> String {
    let local = upn.split('@').next().unwrap_or(upn);
    let legal = |c: &char| c.is_ascii() && !c.is_control() && !"()[]\\\";:<>, ".contains(*c);
    local.chars().filter(legal).take(64).collect()
}

/// A string in an OData expression.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn graph_call(what: &'static str) -> Call {
    Call { service: Service::Graph, what }
}

/// None or one; several cannot be told apart.
fn one(call: &Call, mut found: Vec<WireUser>) -> Result<Option<User>, CallError> {
    if found.len() > 1 {
        return Err(CallError::Rejected {
            call: call.clone(),
            code: "ambiguous".to_owned(),
            message: format!("{} users carry the same employeeId", found.len()),
        });
    }
    found.pop().map(|user| user.into_user(call)).transpose()
}

pub(super) fn required<T>(call: &Call, answer: Option<T>) -> Result<T, CallError> {
    let detail = || "an item of the batch has no answer".to_owned();
    answer.ok_or_else(|| CallError::Surprise { call: call.clone(), detail: detail() })
}
