//! The library's front: what an audit takes, one call that runs it, and the errors of its caller.

mod audit;
mod declared;
mod error;
mod inputs;
mod items;
mod own;
mod rows;
mod watch;

pub use audit::{Audit, merge};
pub use error::Error;
pub use inputs::{Inputs, Recognised};
pub use items::Walk;
pub(crate) use own::Own;
pub use rows::Rows;
pub use watch::Watch;
