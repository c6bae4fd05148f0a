//! The doors: what comes in from HR, from other systems and from operators.

pub mod entra_event;
pub mod entra_webhook;
pub mod hr_webhook;
pub mod ops;
pub mod problem;
pub mod recent;
pub mod record_person_event;
pub mod resolve_change;
