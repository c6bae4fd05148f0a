//! Sign-ins of users: device codes on their way and refresh tokens given out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long a device code can be used.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// A device code that somebody asked for.
#[derive(Clone)]
pub struct DeviceCode {
    /// What the person types.
    pub user_code: String,
    /// What the program asks for, as it sent it.
    pub scope: String,
    /// Until when.
    pub until: Timestamp,
    /// Object id of the person who typed it.
    pub user: Option<String>,
}

/// Who a refresh token stands for.
#[derive(Clone)]
pub struct Session {
    /// Object id of the user.
    pub user: String,
    /// When the person signed in; sessions from before `signInSessionsValidFromDateTime` are void.
    pub since: Timestamp,
}

/// All sign-ins of one sandbox.
#[derive(Default)]
pub struct Sessions {
    codes: Mutex<HashMap<String, DeviceCode>>,
    sessions: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// A new pair of device code and user code.
    pub fn ask(&self, scope: &str, now: Timestamp) -> (String, DeviceCode) {
        let id = Uuid::new_v4().simple().to_string();
        let user_code = id[..9].to_ascii_uppercase();
        let until = now.checked_add(CODE_LIFE).unwrap_or(now);
        let code = DeviceCode { user_code, scope: scope.to_owned(), until, user: None };
        let device_code = Uuid::new_v4().simple().to_string();
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.insert(device_code.clone(), code.clone());
        (device_code, code)
    }

    /// Notes that `user` typed `user_code`; whether such a code waits.
    pub fn enter(&self, user_code: &str, user: &str, now: Timestamp) -> bool {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = codes.values_mut().find(|c| {
            c.user_code.eq_ignore_ascii_case(user_code) && c.until > now && c.user.is_none()
        });
        match waiting {
            Some(code) => {
                code.user = Some(user.to_owned());
                true
            }
            None => false,
        }
    }

    /// The state of a device code; once its person has typed it, it is used up.
    pub fn take(&self, device_code: &str) -> Option<DeviceCode> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = codes.get(device_code)?.clone();
        if found.user.is_some() {
            codes.remove(device_code);
        }
        Some(found)
    }

    /// A refresh token for a sign-in.
    pub fn begin(&self, session: Session) -> String {
        let token = format!("0.sandbox-{}", Uuid::new_v4().simple());
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(token.clone(), session);
        token
    }

    /// The sign-in that a refresh token stands for.
    pub fn of(&self, refresh_token: &str) -> Option<Session> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(refresh_token).cloned()
    }
}
