//! How a step runs: look, decide, act, look again, leave evidence.
//!
//! A [`Step`] says what it reads, what it decides and what it may touch. This crate does the rest
//! for all of them alike: the writes ([`apply`]), the confirmation, the evidence in the ledger,
//! the retries, and the request for the next look of the planner.

pub mod admins;
pub mod apply;
pub mod approvals;
pub mod apps;
pub mod brake;
pub mod case;
pub mod clock;
pub mod config;
pub mod connect;
pub mod cx;
pub mod deliver;
pub mod drift;
pub mod error;
pub mod feeds;
pub mod gates;
pub mod hearing;
pub mod held;
pub mod journal;
pub mod mail;
pub mod need;
pub mod park;
pub mod pause;
pub mod people;
pub mod pim;
pub mod reach;
pub mod receipts;
pub mod report;
pub mod run;
pub mod secured;
pub mod step;
pub mod teams;
pub mod undo;

pub use clock::Clock;
pub use config::{Config, ConfigErrors};
pub use cx::{Clients, Cx};
pub use error::{Next, StepError};
pub use need::Need;
pub use people::PersonView;
pub use run::Run;
pub use step::{Entry, Step};
