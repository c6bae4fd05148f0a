//! Bodies that create and change users.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::answer::Refused;
use super::names::is_plain_user_property;
use crate::config::Config;
use crate::directory::{NewUser, User};

/// Reads the body of `POST /users`.
pub fn new_user(mut body: Map<String, Value>, config: &Config) -> Result<NewUser, Refused> {
    let enabled = take_bool(&mut body, "accountEnabled")?.ok_or_else(Refused::invalid_values)?;
    let display_name = required(&mut body, "displayName")?;
    let mail_nickname = required(&mut body, "mailNickname")?;
    check_nickname(&mail_nickname)?;
    let upn = required(&mut body, "userPrincipalName")?;
    check_upn(&upn, config)?;
    let profile = body.remove("passwordProfile").ok_or_else(Refused::invalid_values)?;
    let password = check_password(&profile)?.to_owned();
    let mut other = plain(body)?;
    other.entry("userType").or_insert_with(|| Value::String("Member".to_owned()));
    let account_enabled = enabled;
    Ok(NewUser { upn, display_name, mail_nickname, account_enabled, password, other })
}

/// What `PATCH /users/{id}` changes.
#[derive(Default)]
pub struct Change {
    upn: Option<String>,
    display_name: Option<String>,
    mail_nickname: Option<String>,
    enabled: Option<bool>,
    password: Option<String>,
    other: Map<String, Value>,
}

impl Change {
    /// Reads the body.
    pub fn read(mut body: Map<String, Value>, config: &Config) -> Result<Change, Refused> {
        let upn = take_text(&mut body, "userPrincipalName")?;
        if let Some(upn) = &upn {
            check_upn(upn, config)?;
        }
        let mail_nickname = take_text(&mut body, "mailNickname")?;
        if let Some(nickname) = &mail_nickname {
            check_nickname(nickname)?;
        }
        let profile = body.remove("passwordProfile");
        let password = profile.as_ref().map(check_password).transpose()?;
        Ok(Change {
            upn,
            mail_nickname,
            display_name: take_text(&mut body, "displayName")?,
            enabled: take_bool(&mut body, "accountEnabled")?,
            password: password.map(str::to_owned),
            other: plain(body)?,
        })
    }

    /// Permissions of which one alternative suffices.
    pub fn permissions(&self) -> &'static [&'static [&'static str]] {
        let names =
            self.upn.is_some() || self.display_name.is_some() || self.mail_nickname.is_some();
        let leave = self.other.contains_key("employeeLeaveDateTime");
        match (names || self.other.len() > usize::from(leave), leave, self.password.is_some()) {
            (true, true, _) => &[&["User.ReadWrite.All", "User-LifeCycleInfo.ReadWrite.All"]],
            (true, false, _) => &[&["User.ReadWrite.All"]],
            (false, true, _) => &[&["User-LifeCycleInfo.ReadWrite.All"]],
            (false, false, true) => &[&["User-PasswordProfile.ReadWrite.All"]],
            (false, false, false) => &[&["User.EnableDisableAccount.All", "User.Read.All"]],
        }
    }

    /// It changes what only a directory role may change of a privileged user.
    pub fn is_sensitive(&self) -> bool {
        const SENSITIVE: [&str; 4] =
            ["businessPhones", "mobilePhone", "otherMails", "onPremisesImmutableId"];
        self.enabled.is_some()
            || self.password.is_some()
            || self.upn.is_some()
            || SENSITIVE.iter().any(|name| self.other.contains_key(*name))
    }

    /// Makes the change; a new password ends the sessions from before.
    pub fn apply(self, user: &mut User, now: Timestamp) {
        let Change { upn, display_name, mail_nickname, enabled, password, other } = self;
        set(&mut user.upn, upn);
        set(&mut user.display_name, display_name);
        set(&mut user.mail_nickname, mail_nickname);
        set(&mut user.account_enabled, enabled);
        if let Some(password) = password {
            user.password = password;
            user.sessions_valid_from = now;
        }
        user.other.extend(other);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The remaining properties, all of which must be ones that are stored as they come.
fn plain(body: Map<String, Value>) -> Result<Map<String, Value>, Refused> {
    let known = body.keys().all(|name| is_plain_user_property(name) || name.starts_with('@'));
    if known { Ok(body) } else { Err(Refused::invalid_values()) }
}

fn required(body: &mut Map<String, Value>, name: &str) -> Result<String, Refused> {
    take_text(body, name)?.ok_or_else(Refused::invalid_values)
}

/// Takes a non-empty text out of `body`.
pub fn take_text(body: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    match body.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(Refused::invalid_values()),
    }
}

/// Takes a boolean out of `body`.
pub fn take_bool(body: &mut Map<String, Value>, name: &str) -> Result<Option<bool>, Refused> {
    match body.remove(name) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(value)),
        Some(_) => Err(Refused::invalid_values()),
    }
}

fn check_nickname(nickname: &str) -> Result<(), Refused> {
    let bad = |c: char| "@()\\[]\";:<>, ".contains(c) || !c.is_ascii();
    if nickname.len() <= 64 && !nickname.contains(bad) {
        return Ok(());
    }
    Err(Refused::bad("Invalid value specified for property 'mailNickname' of resource 'User'."))
}

fn check_upn(upn: &str, config: &Config) -> Result<(), Refused> {
    let local = upn.split('@').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
    if upn.matches('@').count() != 1 || local.is_empty() || !local.chars().all(plain) {
        return Err(Refused::bad("Property userPrincipalName is invalid."));
    }
    if config.verified(upn) {
        return Ok(());
    }
    let message = "The domain portion of the userPrincipalName property is invalid. You must use \
                   one of the verified domain names in your organization.";
    Err(Refused::about("InvalidValue", "userPrincipalName", message))
}

/// Eight characters of three kinds, Entra's rule without its list of banned words.
fn check_password(profile: &Value) -> Result<&str, Refused> {
    let password = profile.get("password").and_then(Value::as_str).unwrap_or_default();
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_ascii_alphanumeric(),
    ];
    let met = kinds.iter().filter(|kind| password.contains(**kind)).count();
    if met >= 3 && (8..=256).contains(&password.len()) {
        return Ok(password);
    }
    Err(Refused::bad(
        "The specified password does not comply with password complexity requirements. Please \
         provide a different password.",
    ))
}
