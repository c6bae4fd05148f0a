//! What the admission policy asks, in CEL.

use std::collections::BTreeSet;

use super::key::{ID, NAME};
use crate::ids::ObjectId;

/// The expressions of the policy. None of them errs, whoever asks and whatever the list holds: names
/// and ids beyond any real length are taken for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expressions {
    /// Who is asked about at all.
    pub condition: String,
    /// Name and expression, each from those before it.
    pub variables: [(&'static str, String); 5],
    /// Whether who asks may go on.
    pub allowed: String,
    /// What they are told otherwise.
    pub message: String,
}

impl Expressions {
    /// Those of a policy that spares these principals.
    ///
    /// A user name that is an object id counts as one: some clusters call their users so.
    pub fn of(protected: &BTreeSet<ObjectId>) -> Self {
        let spared: Vec<String> = protected.iter().map(|id| format!("'{id}'")).collect();
        let spared = format!("[{}]", spared.join(", "));
        let ids = "has(request.userInfo.extra) && 'oid' in request.userInfo.extra && \
                   dyn(request.userInfo.extra['oid']) != null ? \
                   request.userInfo.extra['oid'].filter(id, size(id) <= 64)\
                   .map(id, id.lowerAscii()) : []";
        let name = "has(request.userInfo.username) && size(request.userInfo.username) <= 1024 ? \
                    request.userInfo.username.lowerAscii() : ''";
        let keys = format!(
            "size(variables.ids) > 0 ? variables.ids.map(id, '{ID}' + id) : \
             ['{ID}' + variables.name, '{NAME}' + variables.name]"
        );
        let listed = "has(params.spec) && has(params.spec.entries) ? \
                      variables.keys.filter(key, key in params.spec.entries) : []";
        let is_spared =
            format!("variables.ids.exists(id, id in {spared}) || variables.name in {spared}");
        Self {
            condition: "!(has(request.userInfo.username) && \
                        request.userInfo.username.startsWith('system:'))"
                .to_owned(),
            variables: [
                ("ids", ids.to_owned()),
                ("name", name.to_owned()),
                ("keys", keys),
                ("listed", listed.to_owned()),
                ("spared", is_spared),
            ],
            allowed: "variables.spared || size(variables.listed) == 0".to_owned(),
            message: "'access has ended (' + params.spec.entries[variables.listed[0]] + \
                      '): ask your manager, or whoever runs Latchkey here'"
                .to_owned(),
        }
    }
}
