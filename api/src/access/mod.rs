//! Who may do what: bearer tokens, their scopes, and what each request needs.

mod bearer;
mod register;
mod scope;
mod token;

pub(crate) use bearer::{Acting, authorize};
pub(crate) use register::Register;
pub use scope::Scope;
pub use token::{Digest, Secret};
