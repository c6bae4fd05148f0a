//! The Azure Functions host side of the custom-handler protocol, for laptops and tests.

pub mod encode;
