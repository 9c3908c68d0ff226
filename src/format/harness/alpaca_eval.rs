//! `AlpacaEval`: annotations of pairs of outputs, and the leaderboard over them.
//!
//! Shapes of 0.6, from `alpaca_eval/main.py` and `alpaca_eval/metrics/{winrate,helpers}.py`: `annotations.json` and
//! `leaderboard.csv` of a model and an annotator are in one directory. A preference lies between 1, the baseline's output
//! (`output_1`), and 2, the model's; 1.5, or 0 in older files, is a draw.

use std::borrow::Cow;

use crate::config::{ColumnSpec, InputConfig};
use crate::format::field::{FieldError, at, has, id, lacks, printed};
use crate::format::json::{Kind, Value};
use crate::format::mapped::{MappedField, described};
use crate::format::origin::JsonOrigin;
use crate::format::records::Records;
use crate::format::window::window;
use crate::format::{Confidence, Format, FormatInfo, Framing, Head, Reader, Sink};
use crate::model::{
    Aggregation, Claim, Definition, FieldValue, Item, Located, Place, RecordError, RowField, RowMetric, RowValue,
    RunMetric, Snippet, stable_hash,
};
use crate::numeric::Printed;
use crate::source::{DelimitedRow, DelimitedRows, Layout, Opened};

/// The annotations.
pub(in crate::format) static ANNOTATIONS: Annotations = Annotations;
/// The numbers over them.
pub(in crate::format) static LEADERBOARD: Leaderboard = Leaderboard;

pub(in crate::format) struct Annotations;

pub(in crate::format) struct Leaderboard;

/// What makes annotations and leaderboard of a directory one run.
const RUN: &str = "alpaca-eval";
const TOOL: &str = "alpaca_eval 0.2 to 0.6";
/// The metric of the rows.
const PREFERENCE: &str = "preference";

static ANNOTATIONS_CARD: FormatInfo = FormatInfo {
    name: "alpaca-eval-annotations",
    about: "annotations of AlpacaEval (annotations.json)",
    tool: TOOL,
    files: "`results/<model>/<annotator>/annotations.json`, with `leaderboard.csv` beside it",
    recognised_by: "`preference` with `generator_1` and `generator_2`",
    proven: "nothing alone; the leaderboard beside it follows from the preferences",
    unprovable: "`preference`: the annotator decides it, in an order of the outputs that is not logged",
    base: "none",
    sentinels: "null: the annotator's answer could not be read; 0: a draw",
    traps: "a preference is from 1 to 2; rows without one are left out of every number",
};

static LEADERBOARD_CARD: FormatInfo = FormatInfo {
    name: "alpaca-eval-leaderboard",
    about: "win rates of AlpacaEval (leaderboard.csv)",
    tool: TOOL,
    files: "`leaderboard.csv` with a model per row; of one model it belongs to the annotations in its directory",
    recognised_by: "a header with `win_rate`, `standard_error` and `n_total`",
    proven: "`win_rate` as 100 times the mean preference less 1, and its standard error; counts; `discrete_win_rate`, from the counts \
             of its row alone",
    unprovable: "`length_controlled_winrate`: a regression over other models; `avg_length`: it is cut off; `win_rate` of graded \
                 preferences without the annotations",
    base: "none; percentages",
    sentinels: "an empty cell",
    traps: "a graded `win_rate` is not the share of `n_wins`",
};

fn is_annotation(row: Value<'_>) -> bool {
    let is_named = |key: &str| has(row, key, Kind::String);
    row.get(PREFERENCE).is_some() && (is_named("generator_2") || is_named("output_2")) && is_named("output_1")
}

impl Format for Annotations {
    fn tool(&self) -> &'static str {
        RUN
    }

    fn info(&self) -> &'static FormatInfo {
        &ANNOTATIONS_CARD
    }

    fn marks(&self) -> &'static [&'static str] {
        &[PREFERENCE]
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        Confidence::of_share(head.share(is_annotation), 91, "preference between output_1 and output_2")
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let framing = head.framing().ok_or_else(|| "expected JSON".to_owned())?;
        let records = Records::new(framing, Vec::new(), (), |origin, (), out| annotation(origin, out));
        Ok(Box::new(records.mapped(&[("item", "instruction"), ("row metrics", PREFERENCE)])))
    }
}

fn annotation(origin: &JsonOrigin<'_>, out: &mut dyn Sink) -> Result<(), FieldError> {
    let row = origin.root;
    let instruction = ["index", "instruction"].iter().find_map(|key| row.get(key).and_then(id));
    let instruction = instruction.ok_or_else(|| lacks(row, "instruction", "the text of the instruction"))?;
    // An instruction may be in several data sets, with a context of its own.
    let distinct =
        stable_hash(&["dataset", "annotator", "output_1", "output_2"].map(|key| row.get(key).map(|own| own.raw())));
    let mut item = Item { id: instruction, complete: true, distinct, at: at(row), ..Item::default() };
    let Some(place) = row.get(PREFERENCE) else { return Ok(()) };
    let preference =
        printed(place).map(|own| if own.value.abs() <= 0.0 { Printed { value: 1.5, decimals: 1, ..own } } else { own });
    if let Some(number) = preference.filter(|own| (1.0..=2.0).contains(&own.value)) {
        item.metrics.push(Claim {
            of: RowMetric { name: Cow::Borrowed(PREFERENCE), custom: false, definition: Definition::ByName },
            value: RowValue::Number(number),
            at: at(place),
        });
        let (won, lost) = (number.value > 1.5, number.value < 1.5);
        let one = |flag: bool| f64::from(u8::from(flag));
        let fields = [
            ("n_wins", one(won)),
            ("n_wins_base", one(lost)),
            ("n_draws", one(!won && !lost)),
            ("discrete_win_rate", 0.5 + (one(won) - one(lost)) / 2.0),
        ];
        item.row = fields.map(|(name, value)| RowField::new(name.into(), FieldValue::Number(value))).into();
    }
    out.item(&item, origin);
    Ok(())
}

/// Most bytes of a header.
const LONGEST_HEADER: usize = 4 << 10;

/// The columns of a table, if it is a leaderboard.
fn header(head: &Head<'_>) -> Option<Vec<String>> {
    let first = head.bytes.get(..LONGEST_HEADER).unwrap_or(head.bytes);
    let first = first.get(..memchr::memchr(b'\n', first)?)?;
    // Most files are not such tables: a reader of rows is made only for likely ones.
    memchr::memmem::find(first, b"win_rate")?;
    let mut rows = DelimitedRows::new(first, b',');
    let header: Vec<String> =
        rows.row().ok()??.record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    let is_one = ["win_rate", "standard_error", "n_total"].iter().all(|name| header.iter().any(|own| own == name));
    is_one.then_some(header)
}

impl Format for Leaderboard {
    fn tool(&self) -> &'static str {
        RUN
    }

    fn info(&self) -> &'static FormatInfo {
        &LEADERBOARD_CARD
    }

    fn is_summary(&self) -> bool {
        true
    }

    fn recognise(&self, head: &Head<'_>) -> Confidence {
        match header(head) {
            Some(_) => Confidence::of(91, "columns win_rate, standard_error and n_total"),
            None => Confidence::none(),
        }
    }

    fn open(&self, head: &Head<'_>, _config: &InputConfig) -> Result<Box<dyn Reader>, String> {
        let header = header(head).ok_or_else(|| "expected a header with `win_rate`".to_owned())?;
        let models =
            head.bytes.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.trim_ascii().is_empty()).count();
        // Of several models the annotations beside it say nothing of which one they are.
        let run_key = if models == 1 && head.whole { String::new() } else { head.name.to_owned() };
        Ok(Box::new(LeaderboardReader { header, run_key }))
    }
}

struct LeaderboardReader {
    header: Vec<String>,
    run_key: String,
}

/// The number of a column; None for settings.
fn metric(column: &str, model: &str) -> Option<RunMetric> {
    let of = |metric: &str, aggregation: Aggregation| RunMetric {
        rows: Some(PREFERENCE.to_owned()),
        aggregation: Some(aggregation),
        ..RunMetric::new(model, metric)
    };
    match column {
        "" | "mode" => None,
        "win_rate" => Some(of("win_rate", Aggregation::PercentAboveOne)),
        "standard_error" => Some(RunMetric { stderr: true, ..of("win_rate", Aggregation::PercentAboveOne) }),
        "n_total" => Some(of("n_total", Aggregation::Rows)),
        other => Some(RunMetric { aggregation: Some(Aggregation::Other), ..RunMetric::new(model, other) }),
    }
}

impl LeaderboardReader {
    /// The numbers of a model.
    fn row(&self, file: u32, layout: &Layout, row: &DelimitedRow<'_>, out: &mut dyn Sink) {
        out.record();
        let model = row.record.get(0).map(|cell| String::from_utf8_lossy(cell).into_owned()).unwrap_or_default();
        let mut cells = Vec::new();
        row.cells(&mut cells);
        for ((column, cell), raw) in self.header.iter().zip(cells).zip(row.record) {
            let is_number = Printed::parse(raw).is_some_and(|number| number.is_finite());
            let Some(metric) = metric(column, &model).filter(|_| is_number) else { continue };
            let place = Place {
                file,
                line: row.line,
                column: cell.start as u64 + 1,
                field: column.clone(),
                span: layout.map(row.offset, &[]).span(cell.start, cell.end),
            };
            let located = Located { place, snippet: window(row.bytes, cell.start, cell.end) };
            out.metric(metric.claim(&String::from_utf8_lossy(raw), located));
        }
    }
}

impl Reader for LeaderboardReader {
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    fn columns(&self) -> &[ColumnSpec] {
        &[]
    }

    fn read_stream(&self, file: u32, stream: Opened, out: &mut dyn Sink) {
        let (layout, max_record) = (stream.layout.clone(), stream.max_record);
        let mut rows = DelimitedRows::new(stream, b',').limited(max_record);
        let mut is_header = true;
        loop {
            let line = rows.line();
            match rows.row() {
                Ok(Some(_)) if is_header => is_header = false,
                Ok(Some(row)) => self.row(file, &layout, &row, out),
                Ok(None) => break,
                Err(error) => {
                    out.record();
                    let place = Place { file, line, column: 1, ..Place::default() };
                    let reason = error.to_string();
                    out.error(RecordError { place, reason, snippet: Snippet::default(), unreadable: true });
                }
            }
        }
    }

    fn mapping(&self) -> Vec<MappedField> {
        described(&[("metrics", "win_rate, standard_error, discrete_win_rate, n_…")])
    }

    fn run_key(&self) -> String {
        self.run_key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_numbers_of_the_preferences_or_of_their_counts() {
        let of = |column: &str| metric(column, "m").map(|own| (own.metric, own.stderr, own.aggregation));
        let percent = Some(Aggregation::PercentAboveOne);
        assert_eq!(of("win_rate"), Some(("win_rate".into(), false, percent)));
        assert_eq!(of("standard_error"), Some(("win_rate".into(), true, percent)));
        assert_eq!(of("n_wins"), Some(("n_wins".into(), false, Some(Aggregation::Other))));
        assert_eq!(of("mode"), None);
    }
}
