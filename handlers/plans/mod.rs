//! The planners: they look, decide, and send steps. They write nothing in the tenant.

mod paused;
pub mod plan_cluster;
pub mod plan_person;
pub mod plan_team;
mod planning;
