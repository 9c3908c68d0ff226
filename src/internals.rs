//! The stages, for the tests and benchmarks of this repository, which look at one stage at a time. None of it is public:
//! any release may change it.

pub mod audit {
    pub use crate::audit::*;
}
pub mod conclude {
    pub use crate::conclude::*;
}
pub mod config {
    pub use crate::config::*;
}
pub mod derive {
    pub use crate::derive::*;
}
pub mod engine {
    pub use crate::engine::*;
}
pub mod format {
    pub use crate::format::*;
}
pub mod gate {
    pub use crate::gate::*;
}
pub mod init {
    pub use crate::init::*;
}
pub mod metric {
    pub use crate::metric::*;
}
pub mod model {
    pub use crate::model::*;
}
pub mod parts {
    pub use crate::parts::*;
}
pub mod rules {
    pub use crate::rules::*;
}
pub mod run {
    pub use crate::run::*;
}
pub mod score {
    pub use crate::score::*;
}
pub mod source {
    pub use crate::source::*;
}
pub mod tally {
    pub use crate::tally::*;
}
pub mod trace {
    pub use crate::trace::*;
}
