//! Users: created, changed, soft-deleted and restored.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::changes::Properties;
use super::{Directory, What};

/// A person's account.
#[derive(Clone)]
pub struct User {
    /// Object id.
    pub id: String,
    /// User principal name; unique among live users.
    pub upn: String,
    /// Display name.
    pub display_name: String,
    /// Mail nickname.
    pub mail_nickname: String,
    /// The account can sign in.
    pub account_enabled: bool,
    /// Refresh tokens from before are void.
    pub sessions_valid_from: Timestamp,
    /// When it was created.
    pub created: Timestamp,
    pub(crate) password: String,
    /// When it was deleted, for deleted users.
    pub deleted: Option<Timestamp>,
    /// Every other Graph property that was set, under its Graph name (`department`, `jobTitle`,
    /// `employeeId`, `userType` …).
    pub other: Map<String, Value>,
}

impl User {
    /// Whether `password` is the person's.
    pub fn accepts_password(&self, password: &str) -> bool {
        !password.is_empty() && self.password == password
    }

    /// What can be written of it.
    fn written(&self) -> Properties {
        let mut written = self.other.clone();
        for (name, value) in [
            ("userPrincipalName", json!(self.upn)),
            ("displayName", json!(self.display_name)),
            ("mailNickname", json!(self.mail_nickname)),
            ("accountEnabled", json!(self.account_enabled)),
            ("passwordProfile", json!(self.password)),
            ("signInSessionsValidFromDateTime", json!(self.sessions_valid_from.to_string())),
        ] {
            written.insert(name.to_owned(), value);
        }
        written
    }

    /// Another property as text.
    pub fn text(&self, property: &str) -> Option<&str> {
        self.other.get(property).and_then(Value::as_str)
    }
}

/// What a new user is made from.
#[derive(Clone, Default)]
pub struct NewUser {
    /// User principal name.
    pub upn: String,
    /// Display name.
    pub display_name: String,
    /// Mail nickname.
    pub mail_nickname: String,
    /// The account can sign in.
    pub account_enabled: bool,
    /// The password; an empty one lets nobody in.
    pub password: String,
    /// Other Graph properties.
    pub other: Map<String, Value>,
}

/// A live user already has the user principal name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("another user has this user principal name")]
pub struct UpnTaken;

impl Directory {
    /// The live user with this object id or user principal name.
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id).or_else(|| {
            let id = self.by_upn.get(&id.to_lowercase())?;
            self.users.get(id)
        })
    }

    /// All live users by object id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Creates a user, whose memberships are none even if a deleted one had the same name.
    ///
    /// # Errors
    /// When a live user has the name.
    pub fn create_user(&mut self, new: NewUser) -> Result<&User, UpnTaken> {
        let key = new.upn.to_lowercase();
        if self.by_upn.contains_key(&key) {
            return Err(UpnTaken);
        }
        let id = self.new_id("user", &key);
        let now = self.now();
        let user = User {
            id: id.clone(),
            upn: new.upn,
            display_name: new.display_name,
            mail_nickname: new.mail_nickname,
            account_enabled: new.account_enabled,
            password: new.password,
            sessions_valid_from: now,
            created: now,
            deleted: None,
            other: new.other,
        };
        self.by_upn.insert(key, id.clone());
        self.note(What::UserWritten(id.clone()));
        Ok(self.users.entry(id).or_insert(user))
    }

    /// Changes the live user `id`; `None` when there is none.
    ///
    /// # Errors
    /// When the change gives it a name that another live user has; nothing is changed then.
    pub fn change_user(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut User),
    ) -> Option<Result<(), UpnTaken>> {
        let id = self.user(id)?.id.clone();
        let mut user = self.users.get(&id)?.clone();
        let (old, before) = (user.upn.to_lowercase(), user.written());
        change(&mut user);
        let (new, after) = (user.upn.to_lowercase(), user.written());
        if new != old && self.by_upn.contains_key(&new) {
            return Some(Err(UpnTaken));
        }
        self.by_upn.remove(&old);
        self.by_upn.insert(new, id.clone());
        self.note_changed(What::UserWritten(id.clone()), &before, &after);
        self.users.insert(id, user);
        Some(Ok(()))
    }

    /// Soft-deletes the user `id`; whether there was one. Its memberships are kept for a restore.
    pub fn delete_user(&mut self, id: &str) -> bool {
        let Some(id) = self.user(id).map(|user| user.id.clone()) else { return false };
        let Some(mut user) = self.users.remove(&id) else { return false };
        self.by_upn.remove(&user.upn.to_lowercase());
        user.deleted = Some(self.now());
        self.note(What::UserDeleted(id.clone()));
        self.deleted_users.insert(id, user);
        true
    }

    /// Users deleted less than 30 days ago.
    pub fn deleted_users(&self) -> impl Iterator<Item = &User> {
        self.deleted_users.values().filter(|user| self.restorable(user.deleted))
    }

    /// Restores the deleted user `id`, under `new_upn` if given; `None` when there is none.
    ///
    /// # Errors
    /// When a live user has the name by now.
    pub fn restore_user(
        &mut self,
        id: &str,
        new_upn: Option<&str>,
    ) -> Option<Result<&User, UpnTaken>> {
        let deleted = self.deleted_users.get(id).filter(|user| self.restorable(user.deleted))?;
        let upn = new_upn.unwrap_or(&deleted.upn).to_owned();
        if self.by_upn.contains_key(&upn.to_lowercase()) {
            return Some(Err(UpnTaken));
        }
        let mut user = self.deleted_users.remove(id)?;
        user.deleted = None;
        user.upn.clone_from(&upn);
        self.by_upn.insert(upn.to_lowercase(), id.to_owned());
        self.note(What::UserWritten(id.to_owned()));
        Some(Ok(self.users.entry(id.to_owned()).or_insert(user)))
    }

    /// Removes the deleted user `id` for good, memberships included; whether there was one.
    pub fn purge_user(&mut self, id: &str) -> bool {
        let existed = self.deleted_users.remove(id).is_some();
        if existed {
            self.forget_member(id);
            self.note(What::UserPurged(id.to_owned()));
        }
        existed
    }
}
