//! CloudEvents 1.0 from HR: read, checked field by field, turned into facts.
