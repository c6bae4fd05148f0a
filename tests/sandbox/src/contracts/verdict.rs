//! What holding one exchange against a contract came to.

use super::exchange::Asked;
use super::finding::Finding;

/// The findings of one exchange.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The path as the contract writes it, without ids and names.
    pub template: String,
    /// What is wrong with the request.
    pub request: Vec<Finding>,
    /// What is wrong with the answer.
    pub answer: Vec<Finding>,
}

impl Verdict {
    /// A request that the contract does not know, answered with these findings.
    pub fn unknown(asked: &Asked<'_>, answer: Vec<Finding>) -> Verdict {
        let request = vec![Finding::wrong("the contract has no such operation")];
        Verdict { template: crate::calls::template(asked.service, asked.target), request, answer }
    }
}
