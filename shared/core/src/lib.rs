//! Policy, facts, desired state, plans and invariants of Latchkey; no I/O.
