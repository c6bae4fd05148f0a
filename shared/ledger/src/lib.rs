//! Append-only, hash-chained streams on object storage.
