//! Integration tests of Latchkey live in it/, benches in benches/.

pub mod figures;
