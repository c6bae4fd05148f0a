//! Short ways for tests to fill a tenant.

use serde_json::{Map, json};

use super::{Directory, NewGroup, NewUser};

impl Directory {
    /// An enabled member user `<name>@<default domain>`; answers its object id. A name with `@` is
    /// taken as the whole user principal name. An existing user is answered as it is.
    pub fn add_user(&mut self, name: &str) -> String {
        let upn = match name.contains('@') {
            true => name.to_owned(),
            false => format!("{name}@{}", self.tenant),
        };
        let nickname = upn.split('@').next().unwrap_or_default().to_owned();
        if let Some(user) = self.user(&upn) {
            return user.id.clone();
        }
        let mut other = Map::new();
        other.insert("userType".to_owned(), json!("Member"));
        let new = NewUser {
            display_name: nickname.clone(),
            mail_nickname: nickname,
            account_enabled: true,
            password: String::new(),
            upn,
            other,
        };
        self.create_user(new).map(|user| user.id.clone()).unwrap_or_default()
    }

    /// As [`Directory::add_user`], with this object id: for principals that a policy names by id.
    pub fn add_user_with_id(&mut self, name: &str, id: &str) {
        let made = self.add_user(name);
        if let Some(mut user) = self.users.remove(&made) {
            user.id = id.to_owned();
            self.by_upn.insert(user.upn.to_lowercase(), id.to_owned());
            self.users.insert(id.to_owned(), user);
        }
    }

    /// A security group; answers its object id.
    pub fn add_group(&mut self, display_name: &str) -> String {
        let new = NewGroup {
            display_name: display_name.to_owned(),
            mail_nickname: display_name.replace(' ', "-"),
            security_enabled: true,
            ..NewGroup::default()
        };
        self.create_group(new).id.clone()
    }

    /// Puts `member` (an object id) into `group` (an object id) unless it is there already; whether
    /// it is a member now.
    pub fn add_member(&mut self, group: &str, member: &str) -> bool {
        let _ = self.add_to_group(group, member);
        self.is_member(group, member)
    }
}
