//! The contracts of this process, read once from the reference folder beside the project.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::Context as _;
use serde_json::Value;

use super::arm::Arm;
use super::bus::Bus;
use super::exchange::{Answered, Asked};
use super::graph::Graph;
use super::kubernetes::Kubernetes;
use super::verdict::Verdict;
use crate::door::Service;

/// Names another reference folder.
pub const FOLDER: &str = "LATCHKEY_REFERENCE";

/// All contracts.
#[derive(Debug)]
pub struct Reference {
    arm: Arm,
    bus: Bus,
    graph: Graph,
    kubernetes: Kubernetes,
}

static REFERENCE: LazyLock<Option<Reference>> = LazyLock::new(|| {
    let folder = folder();
    match Reference::load(&folder) {
        Ok(reference) => Some(reference),
        Err(error) => {
            let told = format!("NO EXCHANGE IS HELD AGAINST ITS CONTRACT: {error:#}");
            assert!(std::env::var_os("CI").is_none(), "{told}");
            eprintln!("{told}");
            None
        }
    }
});

impl Reference {
    /// Reads all contracts below `folder`.
    ///
    /// # Errors
    /// When one is missing or cannot be read.
    pub fn load(folder: &Path) -> anyhow::Result<Reference> {
        let documents = folder.join("arm-openapi");
        Ok(Reference {
            arm: Arm::load(&documents)?,
            bus: Bus::load(&documents)?,
            graph: Graph::load(&folder.join("graph-examples"))?,
            kubernetes: Kubernetes::load(&documents)?,
        })
    }

    /// The contracts of this process; `None`, said once on standard error, where the folder is
    /// missing. In CI that is a panic.
    pub fn of_this_process() -> Option<&'static Reference> {
        REFERENCE.as_ref()
    }

    /// ARM's part.
    #[cfg(test)]
    pub fn arm(&self) -> &Arm {
        &self.arm
    }

    /// Graph's part.
    #[cfg(test)]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Holds one exchange against its service's contract; token endpoints have none here.
    pub fn check(&self, asked: &Asked<'_>, answered: &Answered<'_>) -> Verdict {
        match asked.service {
            Service::Authority => Verdict::default(),
            Service::Graph => self.graph.check(asked, answered),
            Service::Arm => self.arm.check(asked, answered),
            Service::Kubernetes => self.kubernetes.check(asked, answered),
            Service::ServiceBus => self.bus.check(asked, answered),
        }
    }
}

/// The reference folder: the one that [`FOLDER`] names, otherwise `../shared/reference` beside the
/// project.
pub fn folder() -> PathBuf {
    match std::env::var_os(FOLDER) {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference"),
    }
}

/// Reads a JSON file.
///
/// # Errors
/// When it is missing or no JSON; the error names it.
pub fn read_json(path: &Path) -> anyhow::Result<Value> {
    let read = || anyhow::Ok(serde_json::from_slice(&std::fs::read(path)?)?);
    read().with_context(|| path.display().to_string())
}
