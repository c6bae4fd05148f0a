//! Does each kind of bad input get a clear error, once, and block nobody?

mod at_the_door;
mod beside_the_policy;
mod in_the_logs;
mod in_the_queues;
