//! Sign-ins of users: codes on their way to a program, and refresh tokens given out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::conditional_access::Flow;

/// How long a device code can be used.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Somebody who signed in.
#[derive(Clone)]
pub struct Session {
    /// Object id of the user.
    pub user: String,
    /// When; sessions from before `signInSessionsValidFromDateTime` are void.
    pub since: Timestamp,
    /// How.
    pub flow: Flow,
    /// On a device that is known to be compliant.
    pub compliant: bool,
}

/// A device code that a program asked for.
#[derive(Clone)]
pub struct DeviceCode {
    /// What the person types.
    pub user_code: String,
    /// What the program asks for, as it sent it.
    pub scope: String,
    /// Until when.
    pub until: Timestamp,
    /// Who typed it.
    pub session: Option<Session>,
}

/// A code that a browser brings to the program that sent it.
#[derive(Clone)]
pub struct BrowserCode {
    /// Who signed in.
    pub session: Session,
    /// What the program asks for.
    pub scope: String,
    /// The program's `code_challenge`.
    pub challenge: String,
    /// The program's `nonce`.
    pub nonce: String,
}

/// All sign-ins of one sandbox.
#[derive(Default)]
pub struct Sessions {
    device: Mutex<HashMap<String, DeviceCode>>,
    browser: Mutex<HashMap<String, BrowserCode>>,
    sessions: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// A new pair of device code and user code.
    pub fn ask(&self, scope: &str, now: Timestamp) -> (String, DeviceCode) {
        let user_code = random()[..9].to_ascii_uppercase();
        let until = now.checked_add(CODE_LIFE).unwrap_or(now);
        let code = DeviceCode { user_code, scope: scope.to_owned(), until, session: None };
        let device_code = random();
        let mut codes = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        codes.insert(device_code.clone(), code.clone());
        (device_code, code)
    }

    /// Notes who typed `user_code`; whether such a code waits.
    pub fn enter(&self, user_code: &str, session: Session) -> bool {
        let mut codes = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = codes.values_mut().find(|code| {
            code.user_code.eq_ignore_ascii_case(user_code)
                && code.until > session.since
                && code.session.is_none()
        });
        waiting.map(|code| code.session = Some(session)).is_some()
    }

    /// The state of a device code; once its person has typed it, it is used up.
    pub fn take_device(&self, device_code: &str) -> Option<DeviceCode> {
        let mut codes = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let found = codes.get(device_code)?.clone();
        if found.session.is_some() {
            codes.remove(device_code);
        }
        Some(found)
    }

    /// A code for a browser to bring back.
    pub fn hand_over(&self, code: BrowserCode) -> String {
        let name = random();
        let mut codes = self.browser.lock().unwrap_or_else(PoisonError::into_inner);
        codes.insert(name.clone(), code);
        name
    }

    /// The sign-in behind such a code, once.
    pub fn take_browser(&self, code: &str) -> Option<BrowserCode> {
        self.browser.lock().unwrap_or_else(PoisonError::into_inner).remove(code)
    }

    /// A refresh token for a sign-in.
    pub fn begin(&self, session: Session) -> String {
        let token = format!("0.sandbox-{}", random());
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

fn random() -> String {
    Uuid::new_v4().simple().to_string()
}
