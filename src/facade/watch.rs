//! An audit of logs that are still being written.

use std::path::Path;

use crate::engine::Following;
use crate::facade::{Audit, Error, inputs};
use crate::report::{InputError, Report};
use crate::source::{self, Input};

/// An audit of logs that are still being written.
pub struct Watch {
    audit: Audit,
    following: Following,
    errors: Vec<InputError>,
}

impl Watch {
    /// Begins to watch the files of an audit; nothing is read yet.
    pub fn new(audit: Audit) -> Result<Self, Error> {
        audit.validate()?;
        if let Some(input) = audit.first_given() {
            let name = if input.path == Input::STDIN { "standard input" } else { &input.path };
            return Err(Error::NotWatchable(name.to_owned()));
        }
        if let Some(path) = audit.paths().find(|path| source::is_pipe(Path::new(path))) {
            return Err(Error::NotWatchable(path.to_owned()));
        }
        Ok(Self { audit, following: Following::default(), errors: Vec::new() })
    }

    /// Reads what is new; says whether anything was.
    pub fn look(&mut self) -> bool {
        let inputs = self.audit.find();
        let other_errors = inputs.errors != self.errors;
        self.errors = inputs.errors;
        self.following.look(inputs.opened, &self.audit.settings()) || other_errors
    }

    /// The report on what was read so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let audited = self.following.audited();
        let described = inputs::describe(self.following.opened(), &audited.tally);
        self.audit.conclude(audited, described, self.errors.clone())
    }

    /// Reads what is left: the report that [`Audit::run`] gives on the same bytes.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.look();
        self.following.finish(&self.audit.settings());
        self.report()
    }
}
