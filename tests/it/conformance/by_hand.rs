//! Each seed document's commands in its order, by hand: nothing of Latchkey takes part.

pub mod group_bound;
mod just_in_time;
pub mod kubernetes_rbac;
pub mod least_privilege;
mod legacy;
