//! The gate: the admission policy, and the list of leavers that it reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{HeaderValue, Request, header::CONTENT_TYPE};
use kube::{
    api::{GetParams, Patch, PatchParams, PostParams},
    core::Request as Builder,
};
use latchkey_core::{
    CallError, ObjectId,
    gate::{self, Entries, Entry, GuardHeld, Keys, Leavers, Part},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{Cluster, MANAGER, failure, namespaces::optional};

/// How often an object is tried to be created whose kind is not served yet.
const ESTABLISHED: usize = 5;

/// How long the answer to a leaver's entry is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Cluster {
    /// The list of leavers; none when there is no list. One request.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn leavers(&self) -> Result<Option<Leavers>, CallError> {
        Ok(self.part(Part::Leavers).await?.map(|found| leavers(&found)))
    }

    /// What of the guard is missing or not as it should be, and the list of leavers. The namespace
    /// is seen by what lies in it.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn guard(&self, protected: &BTreeSet<ObjectId>) -> Result<GuardHeld, CallError> {
        let parts = Part::ALL.into_iter().filter(|part| *part != Part::Namespace);
        let look = |part| async move { Ok::<_, CallError>((part, self.part(part).await?)) };
        let found = futures::future::try_join_all(parts.map(look)).await?;
        let mut held = GuardHeld::default();
        for (part, seen) in &found {
            let Some(seen) = seen else {
                held.missing.insert(*part);
                continue;
            };
            if !part.agrees(&gate::object(*part, protected), seen) {
                held.edited.insert(*part);
            }
            if *part == Part::Leavers {
                held.leavers = leavers(seen);
            }
        }
        let inside = [Part::Probe, Part::ProbeRole, Part::ProbeBinding, Part::Leavers];
        if inside.iter().all(|part| held.missing.contains(part)) {
            held.missing.insert(Part::Namespace);
        }
        Ok(held)
    }

    /// Puts up what is missing, leaving what somebody else was faster to put up, and makes of what
    /// was edited what it should be.
    ///
    /// # Errors
    /// [`CallError::Conflict`] when something was changed at the same moment, [`CallError::Lost`]
    /// when it may have been written, [`CallError::Denied`] when we may not.
    pub async fn put_guard(
        &self,
        missing: &BTreeSet<Part>,
        edited: &BTreeSet<Part>,
        protected: &BTreeSet<ObjectId>,
    ) -> Result<(), CallError> {
        for part in Part::ALL {
            let wanted = gate::object(part, protected);
            if missing.contains(&part) {
                self.create_part(part, &wanted).await?;
            } else if edited.contains(&part) {
                self.mend_part(part, &wanted).await?;
            }
        }
        Ok(())
    }

    /// Lists somebody under these keys, whatever is listed under others. A cluster that does not
    /// answer is waited for a few seconds only: while one leaver waits for it, others wait for
    /// their turn.
    ///
    /// # Errors
    /// [`CallError::NotFound`] when there is no list, [`CallError::Lost`] when it may have been
    /// written.
    pub async fn cut_writes(&self, keys: &Keys, entry: &Entry) -> Result<(), CallError> {
        let entries: BTreeMap<_, _> = keys.iter().map(|key| (key, entry.to_string())).collect();
        let patch = json!({ "spec": { "entries": entries } });
        self.within(PATIENCE).merge("list a leaver", Part::Leavers, &patch).await
    }

    /// Takes these entries off the list, if each still is what it was.
    ///
    /// # Errors
    /// [`CallError::Conflict`] when one is another by now, [`CallError::Lost`] when they may be
    /// gone.
    pub async fn drop_entries(&self, entries: &Entries) -> Result<(), CallError> {
        const WHAT: &str = "take entries off the list of leavers";
        let steps = entries.0.iter().flat_map(|(key, value)| {
            let path = format!("/spec/entries/{}", key.replace('~', "~0").replace('/', "~1"));
            [
                json!({"op": "test", "path": path, "value": value}),
                json!({"op": "remove", "path": path}),
            ]
        });
        let patch = Patch::Merge(steps.collect::<Vec<_>>());
        let request = requests(Part::Leavers).patch(gate::LEAVERS, &by_us(), &patch);
        let request = request.map(|mut request| {
            let kind = HeaderValue::from_static("application/json-patch+json");
            request.headers_mut().insert(CONTENT_TYPE, kind);
            request
        });
        match self.write::<Value>(WHAT, request).await {
            // A test that fails is not told from a patch that is malformed.
            Err(CallError::Rejected { code, .. }) if code == "Invalid" => {
                Err(failure::conflict(WHAT))
            }
            answer => answer.map(drop),
        }
    }

    async fn part(&self, part: Part) -> Result<Option<Value>, CallError> {
        let request = requests(part).get(part.resource().name, &GetParams::default());
        optional(self.read("look at the guard", request).await)
    }

    async fn create_part(&self, part: Part, wanted: &Value) -> Result<(), CallError> {
        const WHAT: &str = "put up the guard";
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), dry_run: false };
        let request = failure::built(WHAT, requests(part).create(&params, bytes(wanted)))?;
        let mut backoff = self.options.first_backoff;
        for _ in 1..ESTABLISHED {
            match self.create(WHAT, request.clone()).await {
                // The kind of the lists is served a moment after it was made.
                Err(error) if error.is_not_found() => sleep(backoff).await,
                answer => return answer,
            }
            backoff *= 2;
        }
        self.create(WHAT, request).await
    }

    async fn create(&self, what: &'static str, request: Request<Vec<u8>>) -> Result<(), CallError> {
        match self.write::<Value>(what, Ok(request)).await {
            // There already, or its namespace is going away: the look afterwards tells.
            Ok(_) | Err(CallError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ours are the fields that matter and the label; what others added beside them stays.
    async fn mend_part(&self, part: Part, wanted: &Value) -> Result<(), CallError> {
        const WHAT: &str = "mend the guard";
        if part.fields().is_empty() {
            let meta = &wanted["metadata"];
            let meta = json!({ "labels": meta["labels"], "annotations": meta["annotations"] });
            return self.merge(WHAT, part, &json!({ "metadata": meta })).await;
        }
        let Some(mut object) = self.part(part).await? else {
            return self.create_part(part, wanted).await;
        };
        for field in part.fields() {
            object[*field] = wanted[*field].clone();
        }
        let labels = wanted["metadata"]["labels"].as_object().into_iter().flatten();
        for (label, value) in labels {
            object["metadata"]["labels"][label] = value.clone();
        }
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), dry_run: false };
        let request = requests(part).replace(part.resource().name, &params, bytes(&object));
        self.write::<Value>(WHAT, request).await.map(drop)
    }

    async fn merge(&self, what: &'static str, part: Part, patch: &Value) -> Result<(), CallError> {
        let patch = Patch::Merge(patch);
        let request = requests(part).patch(part.resource().name, &by_us(), &patch);
        self.write::<Value>(what, request).await.map(drop)
    }
}

fn requests(part: Part) -> Builder {
    Builder::new(part.resource().path)
}

fn by_us() -> PatchParams {
    PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() }
}

fn bytes(object: &Value) -> Vec<u8> {
    object.to_string().into_bytes()
}

fn leavers(found: &Value) -> Leavers {
    let data = found["spec"]["entries"].as_object().into_iter().flatten();
    let entries = data.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Leavers {
        guard: found["metadata"]["annotations"][gate::GUARD].as_str().map(str::to_owned),
        entries: Entries(entries.collect()),
    }
}
