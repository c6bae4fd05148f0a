//! One sandbox and clients that trust it.

use std::{io::Write, path::Path, sync::RwLockWriteGuard, time::Duration};

use latchkey_azure::{Arm, Graph, Http, HttpOptions, Tokens};
use latchkey_core::ObjectId;
use sandbox::{Config, Directory, Sandbox};
use serde_json::json;
use tempfile::NamedTempFile;

pub struct Stage {
    pub sandbox: Sandbox,
    pub http: Http,
    pub graph: Graph,
    pub arm: Arm,
    /// Resource id of the one cluster.
    pub cluster: String,
    ca: NamedTempFile,
}

/// Quick to try again, never long to wait.
pub fn options() -> HttpOptions {
    HttpOptions {
        attempts: 4,
        first_backoff: Duration::from_millis(1),
        total_deadline: Duration::from_secs(20),
        ..HttpOptions::default()
    }
}

pub async fn stage() -> Stage {
    stage_of(Config::default()).await
}

pub async fn stage_of(config: Config) -> Stage {
    let cluster = config.clusters[0].resource_id.clone();
    let sandbox = Sandbox::start(config).await.unwrap();
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(sandbox.ca_pem.as_bytes()).unwrap();
    let http = Http::new(HttpOptions { ca_file: Some(ca.path().to_owned()), ..options() }).unwrap();
    let ends = sandbox.endpoints.clone();
    let (endpoint, header) = (ends.managed_identity, &ends.identity_header);
    let tokens = Tokens::from_identity_endpoint(&http, endpoint, header, None);
    let graph = Graph::new(http.clone(), tokens.clone(), &ends.graph);
    let arm = Arm::new(http.clone(), tokens, &ends.arm);
    Stage { sandbox, http, graph, arm, cluster, ca }
}

impl Stage {
    /// The file with the authority to trust.
    pub fn ca(&self) -> &Path {
        self.ca.path()
    }

    pub fn directory(&self) -> RwLockWriteGuard<'_, Directory> {
        self.sandbox.world.directory.write().unwrap()
    }

    pub fn azure(&self) -> RwLockWriteGuard<'_, sandbox::azure::State> {
        self.sandbox.world.azure.write().unwrap()
    }

    /// A user with an employee id.
    pub fn person(&self, name: &str, employee_id: &str) -> ObjectId {
        let mut directory = self.directory();
        let id = directory.add_user(name);
        let set = |user: &mut sandbox::directory::User| {
            user.other.insert("employeeId".into(), json!(employee_id));
        };
        assert!(matches!(directory.change_user(&id, set), Some(Ok(()))));
        object_id(&id)
    }

    pub fn group(&self, name: &str) -> ObjectId {
        object_id(&self.directory().add_group(name))
    }

    pub fn is_member(&self, group: &ObjectId, user: &ObjectId) -> bool {
        self.directory().is_member(group.as_str(), user.as_str())
    }
}

pub fn object_id(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}
