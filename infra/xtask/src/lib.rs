//! Development commands.
