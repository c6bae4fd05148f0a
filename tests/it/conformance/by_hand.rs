//! Each seed document's commands in its order, by hand: nothing of Latchkey takes part.

pub mod group_bound;
pub mod just_in_time;
pub mod kubernetes_rbac;
pub mod least_privilege;
pub mod legacy;
