//! Service Bus sends with session, id, label and schedule.
