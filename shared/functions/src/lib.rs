//! The Azure Functions custom-handler protocol as a tower service.
