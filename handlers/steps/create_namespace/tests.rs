//! Decisions of this step, as values.
