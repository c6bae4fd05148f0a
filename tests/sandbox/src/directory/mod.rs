//! The tenant's users, groups and service principals.

mod application;
mod changes;
mod group;
mod membership;
mod microsoft;
mod principal;
mod schedule;
mod seed;
mod user;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;

pub use application::{NewSecret, Record};
pub use changes::{Acting, Change, What};
pub use group::{Group, NewGroup};
pub use membership::MembershipError;
pub use principal::{Principal, PrincipalKind, ServicePrincipal};
pub use schedule::{AccessId, Form, Schedule};
pub use user::{NewUser, UpnTaken, User};

/// How long a deleted object can be restored.
pub const RESTORABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// All directory objects of the tenant, live and deleted.
pub struct Directory {
    clock: Clock,
    namespace: Uuid,
    tenant: String,
    administrators: BTreeSet<String>,
    made: HashMap<String, u32>,
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Group>,
    service_principals: BTreeMap<String, ServicePrincipal>,
    applications: BTreeMap<String, Record>,
    grants: BTreeMap<String, Record>,
    secrets: application::Secrets,
    deleted_users: BTreeMap<String, User>,
    deleted_groups: BTreeMap<String, Group>,
    by_upn: HashMap<String, String>,
    parents: HashMap<String, BTreeSet<String>>,
    schedules: Vec<Schedule>,
    log: changes::ChangeLog,
}

impl Directory {
    /// A tenant with the service principals that `config` names, Microsoft's own and nobody else.
    pub fn new(config: &Config, clock: Clock) -> Directory {
        let namespace = Uuid::parse_str(&config.tenant_id).unwrap_or(Uuid::NAMESPACE_OID);
        let mut directory = Directory {
            clock,
            namespace,
            tenant: config.tenant.clone(),
            administrators: BTreeSet::new(),
            made: HashMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            service_principals: BTreeMap::new(),
            applications: BTreeMap::new(),
            grants: BTreeMap::new(),
            secrets: BTreeMap::new(),
            deleted_users: BTreeMap::new(),
            deleted_groups: BTreeMap::new(),
            by_upn: HashMap::new(),
            parents: HashMap::new(),
            schedules: Vec::new(),
            log: changes::ChangeLog::default(),
        };
        directory.add_microsoft();
        directory.add_managed_identity("latchkey", &config.identity_client_id);
        directory.add_application("sandbox admin", &config.admin_client_id, &config.admin_secret);
        directory
    }

    /// What `oid` is, and since when, if it is alive.
    pub fn principal(&self, oid: &str) -> Option<Principal> {
        let user = || {
            let user = self.users.get(oid)?;
            Some(Principal { kind: PrincipalKind::User, created: user.created })
        };
        let group = || {
            let group = self.groups.get(oid)?;
            Some(Principal { kind: PrincipalKind::Group, created: group.created })
        };
        let app = || {
            let app = self.service_principals.get(oid)?;
            Some(Principal { kind: PrincipalKind::ServicePrincipal, created: app.created })
        };
        user().or_else(group).or_else(app)
    }

    /// The name of the live object `oid` for people: user principal name or display name.
    pub fn label(&self, oid: &str) -> Option<String> {
        let user = self.users.get(oid).map(|user| user.upn.clone());
        let group = || self.groups.get(oid).map(|group| group.display_name.clone());
        let app = || self.service_principals.get(oid).map(|app| app.display_name.clone());
        user.or_else(group).or_else(app)
    }

    /// Gives the user `oid` the directory role Global Administrator.
    pub fn make_administrator(&mut self, oid: &str) {
        self.administrators.insert(oid.to_owned());
    }

    /// Whether the user `oid` holds the directory role Global Administrator.
    pub fn is_administrator(&self, oid: &str) -> bool {
        self.administrators.contains(oid)
    }

    /// The verified default domain.
    pub fn domain(&self) -> &str {
        &self.tenant
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A GUID that depends only on tenant, kind, key and how often that key was used before.
    pub(crate) fn new_id(&mut self, kind: &str, key: &str) -> String {
        let name = format!("{kind}:{}", key.to_lowercase());
        let times = self.made.entry(name.clone()).or_default();
        *times += 1;
        Uuid::new_v5(&self.namespace, format!("{name}:{times}").as_bytes()).to_string()
    }

    /// Whether something deleted at `deleted` can still be restored.
    fn restorable(&self, deleted: Option<Timestamp>) -> bool {
        deleted.is_some_and(|at| self.now().duration_since(at) < RESTORABLE)
    }
}
