//! The functions of Latchkey, one folder each.
