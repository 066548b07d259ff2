//! The HTTP side; see the next commits.
