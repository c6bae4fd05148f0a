//! Each seed document's commands in its order, by hand: nothing of Latchkey takes part.

mod group_bound;
mod just_in_time;
mod kubernetes_rbac;
mod least_privilege;
mod legacy;
