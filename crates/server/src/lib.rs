//! The hosted backend.
