//! What no plan may do, checked over all plans in flight.
