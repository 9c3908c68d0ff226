//! A reader for formats with JSON records: parses each record and passes it to the format's function.

use std::cell::RefCell;
use std::sync::Arc;

use crate::config::ColumnSpec;
use crate::format::field::FieldError;
use crate::format::json::{Tape, Value};
use crate::format::mapped::{MappedField, described};
use crate::format::origin::{JsonOrigin, read_document, record_error};
use crate::format::{Framing, RawRecord, Reader, Sink};
use crate::source::Opened;

thread_local! {
    /// The tapes of a worker that are not in use: their buffers are as large as the largest record that it has seen.
    static TAPES: RefCell<Vec<Tape>> = const { RefCell::new(Vec::new()) };
}

/// Emits the items of one record. An error is reported for the record.
pub type Visit<C> = fn(&JsonOrigin<'_>, &C, &mut dyn Sink) -> Result<(), FieldError>;

/// A reader of JSON records, with the format's context for the input.
pub struct Records<C> {
    /// How to cut the input.
    pub framing: Framing,
    /// The claim columns that its items refer to by index.
    pub columns: Arc<[ColumnSpec]>,
    /// Information about the input besides its records.
    pub context: C,
    /// Reads a record.
    pub visit: Visit<C>,
    /// The part of a record that holds its fields: the record itself, unless something is around it.
    pub fields: for<'t> fn(Value<'t>) -> Value<'t>,
    /// Reads the document around the records (framing inside).
    pub shell: Option<Visit<C>>,
    /// See [`Reader::run_key`].
    pub run_key: String,
    /// See [`Reader::run_directory`].
    pub run_directory: Option<String>,
    /// See [`Reader::version`].
    pub version: Option<String>,
    /// See [`Reader::mapping`].
    pub mapping: Vec<MappedField>,
    /// See [`Reader::conventions`].
    pub conventions: Vec<String>,
}

impl<C> Records<C> {
    /// A reader of records without a shell, key, version or conventions.
    pub fn new(framing: Framing, columns: impl Into<Arc<[ColumnSpec]>>, context: C, visit: Visit<C>) -> Self {
        Self {
            framing,
            columns: columns.into(),
            context,
            visit,
            fields: |record| record,
            shell: None,
            run_key: String::new(),
            run_directory: None,
            version: None,
            mapping: Vec::new(),
            conventions: Vec::new(),
        }
    }

    /// Sets the mapping from fields to roles.
    #[must_use]
    pub fn mapped(mut self, pairs: &[(&'static str, &str)]) -> Self {
        self.mapping.extend(described(pairs));
        self
    }

    fn read(&self, record: RawRecord<'_>, visit: Visit<C>, is_record: bool, out: &mut dyn Sink) {
        // Another record may be read while this one is looked at: its tokens, from another file.
        let mut tape = TAPES.with_borrow_mut(Vec::pop).unwrap_or_default();
        match tape.parse(record.bytes) {
            Ok(root) => {
                let origin = JsonOrigin::new(record, root);
                match visit(&origin, &self.context, out) {
                    Ok(()) if is_record => out.fields(&record, (self.fields)(root)),
                    Ok(()) => {}
                    Err(field_error) => {
                        out.error(record_error(&record, field_error.start, field_error.reason, false));
                    }
                }
            }
            Err(error) => out.error(record_error(&record, error.offset, error.to_string(), true)),
        }
        TAPES.with_borrow_mut(|tapes| tapes.push(tape));
    }
}

impl<C: Send + Sync> Reader for Records<C> {
    fn framing(&self) -> Framing {
        self.framing
    }

    fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn read_record(&self, record: RawRecord<'_>, out: &mut dyn Sink) {
        out.record();
        self.read(record, self.visit, true, out);
    }

    fn read_shell(&self, shell: RawRecord<'_>, out: &mut dyn Sink) {
        if let Some(visit) = self.shell {
            self.read(shell, visit, false, out);
        }
    }

    fn mapping(&self) -> Vec<MappedField> {
        self.mapping.clone()
    }

    fn version(&self) -> Option<String> {
        self.version.clone()
    }

    fn run_key(&self) -> String {
        self.run_key.clone()
    }

    fn run_directory(&self) -> Option<String> {
        self.run_directory.clone()
    }

    fn conventions(&self) -> Vec<String> {
        self.conventions.clone()
    }
}

/// A reader of one document that has numbers of a run and no rows.
pub struct Document {
    /// Says the numbers.
    pub visit: fn(&JsonOrigin<'_>, &mut dyn Sink),
    /// See [`Reader::mapping`].
    pub mapping: Vec<MappedField>,
}

impl Document {
    /// A reader, with the fields that its numbers come from.
    #[must_use]
    pub fn new(visit: fn(&JsonOrigin<'_>, &mut dyn Sink), fields: &str) -> Self {
        Self { visit, mapping: described(&[("metrics", fields)]) }
    }
}

impl Reader for Document {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        read_document(file, stream, out, self.visit);
    }

    fn mapping(&self) -> Vec<MappedField> {
        self.mapping.clone()
    }
}

/// Reads a file beside an input, packed or not, if it exists and is a JSON document of at most `limit` bytes.
pub fn beside<T>(path: &str, limit: u64, look: impl FnOnce(Value<'_>) -> Option<T>) -> Option<T> {
    use std::io::Read;
    let mut bytes = Vec::new();
    crate::source::beside(path)?.open().ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    let mut tape = Tape::default();
    look(tape.parse(&bytes).ok()?)
}
