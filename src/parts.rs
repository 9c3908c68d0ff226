//! Audits split over machines: each part writes its tally, and merged they give the report of one audit of all.
//!
//! Which formula is a column's convention, and whether the search over all formulas is called for, follows from all
//! inputs of a run together. A part is therefore audited with the search, whatever its own rows call for, and forgets
//! it when the whole does not call for it. Parts whose rows lead to different conventions cannot be merged: the user
//! has to say which one holds.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::audit::{ColumnPlan, FilePlan};
use crate::conclude::{self, Context, RunKey};
use crate::config::{ColumnSpec, Levels};
use crate::formula::StepResolutions;
use crate::model::ColumnId;
use crate::numeric::Resolution;
use crate::report::{InputError, InputReport, Report};
use crate::tally::{FileTally, Tally};

/// What a tally file begins with; the number is the version of what follows.
const MAGIC: &[u8; 16] = b"retally tally 1\n";
/// Largest tally that is read, unpacked.
const LIMIT: u64 = 8 << 30;

/// The audit of some inputs, before anything is concluded.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Part {
    /// The version of the program.
    version: String,
    inputs: Vec<PartInput>,
    errors: Vec<InputError>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PartInput {
    report: InputReport,
    key: RunKey,
    plan: Plan,
    tally: FileTally,
}

/// A plan without its grammar, which follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    steps: StepResolutions,
    columns: Vec<(ColumnSpec, Resolution, usize)>,
    declared: f64,
    gather: bool,
}

/// Why parts cannot be merged, or a tally cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The file cannot be read.
    #[error("cannot read the tally: {0}")]
    Io(#[from] io::Error),
    /// The file is something else.
    #[error("expected a tally as `retally check --tally` writes it, found something else")]
    NoTally,
    /// The file is damaged.
    #[error("the tally is damaged or cut off: {0}; write it again")]
    Damaged(String),
    /// Another version wrote it.
    #[error("the tally was written by retally {found}, this is retally {own}; write it again with this version")]
    Version {
        /// The version that wrote it.
        found: String,
        /// This version.
        own: String,
    },
    /// Two parts hold one input.
    #[error("{path} is in two parts; each input may be in one only")]
    Twice {
        /// The input.
        path: String,
    },
    /// The parts lead to different conventions.
    #[error(
        "{path}: its part holds `{column}` to {part}, all parts together to {whole}; declare one under [conventions] in \
         retally.toml and write the tallies again"
    )]
    Convention {
        /// The input.
        path: String,
        /// The column.
        column: String,
        /// The formula of its part.
        part: String,
        /// The formula of the whole.
        whole: String,
    },
    /// Items go on in another part.
    #[error("{path}: items of its run are spread over several parts; audit the inputs of {run} in one part")]
    Scattered {
        /// The input.
        path: String,
        /// The run.
        run: String,
    },
}

impl Part {
    /// The audit of inputs that were read with the search over all formulas.
    #[must_use]
    pub fn new(
        inputs: Vec<InputReport>,
        keys: Vec<RunKey>,
        plans: &[FilePlan],
        tally: Tally,
        errors: Vec<InputError>,
    ) -> Self {
        let inputs = inputs.into_iter().zip(keys).zip(plans).zip(0_u32..);
        let mut files = tally.files;
        let inputs = inputs.map(|(((report, key), plan), at)| PartInput {
            report,
            key,
            plan: Plan::of(plan),
            tally: files.remove(&at).unwrap_or_default(),
        });
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), inputs: inputs.collect(), errors }
    }

    /// Reads a tally file.
    pub fn read(from: impl Read) -> Result<Self, PartError> {
        let mut from = io::BufReader::new(from);
        let mut magic = [0; MAGIC.len()];
        match from.read_exact(&mut magic) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
            Err(_) => return Err(PartError::NoTally),
            Ok(()) if &magic != MAGIC => return Err(PartError::NoTally),
            Ok(()) => {}
        }
        let damaged = |reason: &dyn std::fmt::Display| PartError::Damaged(reason.to_string());
        let mut bytes = Vec::new();
        let unpacked = zstd::stream::read::Decoder::with_buffer(from).map_err(|error| damaged(&error))?;
        unpacked.take(LIMIT).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        // The version first: another one has other fields.
        let (found, _): (String, _) = postcard::take_from_bytes(&bytes).map_err(|error| damaged(&error))?;
        let own = env!("CARGO_PKG_VERSION");
        if found != own {
            return Err(PartError::Version { found, own: own.to_owned() });
        }
        postcard::from_bytes(&bytes).map_err(|error| damaged(&error))
    }

    /// Writes a tally file.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let bytes = postcard::to_stdvec(self).map_err(io::Error::other)?;
        let mut out = out;
        out.write_all(MAGIC)?;
        zstd::stream::copy_encode(bytes.as_slice(), out, 3)
    }
}

impl Plan {
    fn of(plan: &FilePlan) -> Self {
        Self {
            steps: plan.steps,
            columns: plan
                .columns
                .iter()
                .map(|column| (column.spec.clone(), column.resolution, column.chosen))
                .collect(),
            declared: plan.declared,
            gather: plan.gather,
        }
    }

    fn whole(&self) -> FilePlan {
        let columns = self.columns.iter().map(|(spec, resolution, chosen)| ColumnPlan {
            spec: spec.clone(),
            resolution: *resolution,
            chosen: *chosen,
            grammar: None,
        });
        FilePlan {
            steps: self.steps,
            columns: columns.collect(),
            declared: self.declared,
            gather: self.gather,
            always: false,
        }
    }
}

/// The report of all parts: the same as of one audit of all their inputs.
pub fn merge(parts: Vec<Part>, levels: &Levels) -> Result<Report, PartError> {
    let mut inputs: Vec<PartInput> = Vec::new();
    let mut errors: Vec<InputError> = Vec::new();
    for part in parts {
        inputs.extend(part.inputs);
        errors.extend(part.errors);
    }
    inputs.sort_by(|a, b| a.report.path.cmp(&b.report.path));
    errors.sort_by(|a, b| (&a.path, a.line, &a.reason).cmp(&(&b.path, b.line, &b.reason)));
    if let Some(pair) = inputs.windows(2).find(|pair| pair[0].report.path == pair[1].report.path) {
        return Err(PartError::Twice { path: pair[0].report.path.clone() });
    }
    for (input, at) in inputs.iter_mut().zip(0_u32..) {
        input.tally.renumber(at);
    }
    let plans = plans(&inputs)?;
    for (input, plan) in inputs.iter_mut().zip(&plans) {
        for (column, id) in plan.columns.iter().zip(0_u16..) {
            if column.grammar.is_none() {
                for stream in input.tally.streams.values_mut() {
                    stream.forget_search(ColumnId(id));
                }
            }
        }
    }
    let mut tally = Tally::default();
    let (mut described, mut keys) = (Vec::new(), Vec::new());
    for (input, at) in inputs.into_iter().zip(0_u32..) {
        described.push(input.report);
        keys.push(input.key);
        tally.files.insert(at, input.tally);
    }
    Ok(conclude::conclude(tally, &Context { inputs: described, keys, plans: &plans, errors, levels }))
}

/// The plan that one audit of all inputs follows. Parts that followed another one cannot be merged.
fn plans(inputs: &[PartInput]) -> Result<Vec<FilePlan>, PartError> {
    let mut plans = Vec::with_capacity(inputs.len());
    for input in inputs {
        let group: Vec<&FileTally> =
            inputs.iter().filter(|other| other.key == input.key).map(|other| &other.tally).collect();
        let own = input.plan.whole();
        let whole = own.after(&input.tally, &group);
        for (part, all) in own.columns.iter().zip(&whole.columns) {
            if part.chosen != all.chosen {
                return Err(PartError::Convention {
                    path: input.report.path.clone(),
                    column: part.spec.column.name.clone(),
                    part: part.convention().to_string(),
                    whole: all.convention().to_string(),
                });
            }
        }
        if own.gather != whole.gather {
            return Err(PartError::Scattered { path: input.report.path.clone(), run: input.key.directory.clone() });
        }
        plans.push(whole);
    }
    Ok(plans)
}
