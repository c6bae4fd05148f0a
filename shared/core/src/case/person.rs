//! The records of a person, a team or a cluster.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    drift::{Actor, Found, Response},
    fact::Fact,
    ids::{CaseId, ObjectId},
};

/// One record of the stream `people/{id}`, `teams/{team}` or `clusters/{cluster}`.
#[expect(clippy::large_enum_variant, reason = "almost every record is a fact")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "camelCase")]
pub enum PersonRecord {
    /// A fact.
    Fact(Fact),
    /// The Entra user was found or made; saves a look-up, is checked at each use.
    #[serde(rename_all = "camelCase")]
    Linked {
        /// The user's object id.
        user: ObjectId,
    },
    /// More leavers came within an hour than the policy allows: nothing is done until released.
    #[serde(rename_all = "camelCase")]
    Held {
        /// The case that is held.
        case_id: CaseId,
    },
    /// An operator, or the brake itself, let the leaver's case go on.
    #[serde(rename_all = "camelCase")]
    Released {
        /// The operator's object id.
        requester: String,
    },
    /// A case about the person began.
    #[serde(rename_all = "camelCase")]
    Case {
        /// The case.
        case_id: CaseId,
    },
    /// Something was found that the policy does not give; or what becomes of it is another thing
    /// now.
    #[serde(rename_all = "camelCase")]
    Drift {
        /// What was found.
        found: Found,
        /// What becomes of it.
        #[serde(flatten)]
        response: Response,
        /// When that was decided.
        at: Timestamp,
    },
    /// The audit logs were asked who did it.
    #[serde(rename_all = "camelCase")]
    DriftBy {
        /// What was found.
        found: Found,
        /// Who did it; none when the logs do not tell.
        actor: Option<Actor>,
    },
    /// Sign-in was seen to be open while it should be, or is about to be shut by us. What somebody
    /// else shuts afterwards stays shut.
    #[serde(rename_all = "camelCase")]
    SignIn {
        /// Whether it is open.
        open: bool,
        /// When that was seen, or decided.
        at: Timestamp,
    },
    /// The person's writes are about to be refused in the clusters.
    #[serde(rename_all = "camelCase")]
    Cut {
        /// Until when at the latest.
        until: Timestamp,
    },
    /// The credential of a cluster's local administrator was handed out.
    #[serde(rename_all = "camelCase")]
    AdminCredential {
        /// To whom; none when the log does not tell.
        actor: Option<Actor>,
        /// When.
        at: Timestamp,
    },
    /// It is not found any more: found again, it is another story.
    #[serde(rename_all = "camelCase")]
    DriftOver {
        /// What was found.
        found: Found,
        /// When it was seen to be gone.
        at: Timestamp,
    },
    /// A case rests, or once did, until somebody approves or another plan is carried out: whoever
    /// can wake it finds it here.
    #[serde(rename_all = "camelCase")]
    Awaits {
        /// The case.
        case_id: CaseId,
    },
}
