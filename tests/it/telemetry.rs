//! Is an event one trace from its door to its receipt, are the figures told, and is a collector
//! that is gone nobody's trouble?

mod at_the_end;
pub mod collector;
mod figures;
mod one_trace;
mod without;
