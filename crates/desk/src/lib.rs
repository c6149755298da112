//! The desktop app without a window.
