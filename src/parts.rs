//! Audits split over machines: each part writes its tally, and merged they give the report of one audit of all.
//!
//! Which formula is a column's convention, whether the search over all formulas is called for, and whether items are
//! gathered follows from all inputs of a run together. A part is therefore audited under every convention that its columns
//! could have, with the search, and gathered where items stand in several records. The merge makes the plan that one
//! audit of all would have ended with, takes of each part what belongs to it, and forgets the search where that plan has
//! none.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::audit::{ColumnPlan, FilePlan};
use crate::conclude::{self, Context, RunKey};
use crate::config::{ColumnSpec, Levels};
use crate::engine::{PASSES, Variant};
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
    variants: Vec<Variant>,
}

/// A plan without its grammar, which follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    steps: StepResolutions,
    columns: Vec<(ColumnSpec, Resolution)>,
    declared: f64,
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
    /// Candidates of one task follow different columns, which the whole holds to formulas at different places.
    #[error(
        "{path}: its picks follow from several columns of different conventions; declare these under [conventions] in \
         retally.toml and write the tallies again"
    )]
    Primary {
        /// The input.
        path: String,
    },
}

impl Part {
    /// The audit of inputs under their plans, and under all conventions that these could have.
    #[must_use]
    pub fn new(
        inputs: Vec<InputReport>,
        keys: Vec<RunKey>,
        plans: &[FilePlan],
        variants: Vec<Vec<Variant>>,
        errors: Vec<InputError>,
    ) -> Self {
        let inputs = inputs.into_iter().zip(keys).zip(plans).zip(variants);
        let inputs =
            inputs.map(|(((report, key), plan), variants)| PartInput { report, key, plan: Plan::of(plan), variants });
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
            columns: plan.columns.iter().map(|column| (column.spec.clone(), column.resolution)).collect(),
            declared: plan.declared,
        }
    }

    /// The plan of a first pass that knows the resolutions.
    fn first(&self) -> FilePlan {
        let columns = self.columns.iter().map(|(spec, resolution)| ColumnPlan {
            spec: spec.clone(),
            resolution: *resolution,
            chosen: 0,
            grammar: None,
        });
        FilePlan { steps: self.steps, columns: columns.collect(), declared: self.declared, gather: false }
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
        input.variants.iter_mut().for_each(|variant| variant.tally.renumber(at));
    }
    let (plans, tallies) = settle(&inputs)?;
    let tally = Tally { files: (0_u32..).zip(tallies).collect() };
    let (described, keys) = inputs.into_iter().map(|input| (input.report, input.key)).unzip();
    Ok(conclude::conclude(tally, &Context { inputs: described, keys, plans: &plans, errors, levels }))
}

/// The plans that one audit of all inputs ends with, found as it finds them, and what the inputs give under them.
fn settle(inputs: &[PartInput]) -> Result<(Vec<FilePlan>, Vec<FileTally>), PartError> {
    let mut plans: Vec<FilePlan> = inputs.iter().map(|input| input.plan.first()).collect();
    let under = |plans: &[FilePlan]| -> Result<Vec<FileTally>, PartError> {
        inputs.iter().zip(plans).map(|(input, plan)| input.under(plan)).collect()
    };
    let mut tallies = under(&plans)?;
    for _ in 0..PASSES {
        let next = |at: usize| {
            let same_run = (0..inputs.len()).filter(|other| inputs[*other].key == inputs[at].key);
            let group: Vec<&FileTally> = same_run.map(|other| &tallies[other]).collect();
            plans[at].after(&tallies[at], &group)
        };
        let next: Vec<FilePlan> = (0..inputs.len()).map(next).collect();
        if next == plans {
            break;
        }
        plans = next;
        tallies = under(&plans)?;
    }
    Ok((plans, tallies))
}

impl PartInput {
    /// What the input gives under a plan: of each column its state under the plan's convention, of items that under the
    /// convention of the column that picks follow from.
    fn under(&self, plan: &FilePlan) -> Result<FileTally, PartError> {
        let variant = |choice: usize| {
            let of_choice = || self.variants.iter().filter(move |variant| variant.choice == choice);
            of_choice().find(|variant| variant.gather == plan.gather).or_else(|| of_choice().next())
        };
        let Some(first) = variant(0) else { return Ok(FileTally::default()) };
        let mut tally = first.tally.clone();
        for (key, stream) in &mut tally.streams {
            let chosen = |id: &ColumnId| plan.columns.get(usize::from(id.0)).map_or(0, |column| column.chosen);
            let mut primary: Vec<usize> = stream.items.primaries.iter().map(chosen).collect();
            primary.sort_unstable();
            primary.dedup();
            if primary.len() > 1 {
                return Err(PartError::Primary { path: self.report.path.clone() });
            }
            let of = |choice: usize| variant(choice).and_then(|variant| variant.tally.streams.get(key));
            if let Some(base) = of(primary.first().copied().unwrap_or(0)) {
                *stream = base.clone();
            }
            for (column, id) in plan.columns.iter().zip((0_u16..).map(ColumnId)) {
                if let Some(from) = of(column.chosen) {
                    stream.take_column(id, from);
                }
                if column.grammar.is_none() {
                    stream.forget_search(id);
                }
            }
        }
        Ok(tally)
    }
}
