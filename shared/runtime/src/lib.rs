//! Step, Cx, apply, errors, configuration and telemetry of Latchkey.
