//! The data for the template: texts made visible and shortened, numbers formatted, tables limited in length.

use std::collections::BTreeSet;

use askama::Template;

use crate::model::{Severity, Verdict};
use crate::report::headline::{headline, totals};
use crate::report::html::figures::{self, Picture};
use crate::report::html::{Room, SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH, comparisons};
use crate::report::output::Rendering;
use crate::report::words::{count, p_value, picks_change, rows, verdict};
use crate::report::{Comparison, Diagnosis, Finding, Impact, Report, page_of, visible};

/// Characters shown of a text of the log.
const TEXT: usize = 200;
/// Characters shown of a sentence, which may quote several texts.
const SENTENCE: usize = 600;

/// Text of the log, made visible and cut.
fn text(raw: &str) -> String {
    cut(raw, TEXT)
}

fn sentence(raw: &str) -> String {
    cut(raw, SENTENCE)
}

fn cut(raw: &str, limit: usize) -> String {
    match raw.char_indices().nth(limit) {
        Some((end, _)) => {
            format!(
                "{}… ({} characters)",
                visible(raw.get(..end).unwrap_or_default()),
                count(raw.chars().count() as u64)
            )
        }
        None => visible(raw).into_owned(),
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// A number in a sentence: the tables have all digits.
fn rounded(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| crate::report::words::number(value, 6))
}

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page {
    style: &'static str,
    script: &'static str,
    style_hash: &'static str,
    script_hash: &'static str,
    headline: String,
    tool: String,
    tone: &'static str,
    tiles: Vec<Tile>,
    impacts: Vec<ImpactRow>,
    findings: Vec<FindingView>,
    more_findings: Vec<FindingRow>,
    hidden_findings: String,
    gate: Vec<String>,
    excused: Vec<ExcusedRow>,
    columns: Vec<ColumnView>,
    comparisons: Vec<ComparisonView>,
    /// Whether rows have to name their run.
    many_runs: bool,
    metrics: Vec<MetricRow>,
    hidden_metrics: String,
    claims: Vec<ClaimRow>,
    hidden_claims: String,
    gaps: Vec<GapRow>,
    skipped_fields: String,
    inputs: Vec<InputRow>,
    hidden_inputs: String,
    errors: Vec<ErrorRow>,
    command: String,
}

struct Tile {
    name: &'static str,
    value: String,
    note: String,
}

struct ImpactRow {
    claim: String,
    formula: String,
    sentence: String,
}

struct FindingView {
    code: String,
    severity: &'static str,
    tone: &'static str,
    certainty: &'static str,
    title: String,
    page: String,
    place: String,
    before: String,
    marked: String,
    after: String,
    label: String,
    evidence: Vec<String>,
    impact: Vec<String>,
    help: String,
    places: Vec<PlaceRow>,
    count: String,
    fingerprint: String,
    about: String,
}

struct PlaceRow {
    path: String,
    line: u64,
    column: u64,
    field: String,
    item: String,
    candidate: String,
}

struct ExcusedRow {
    code: String,
    title: String,
    count: String,
    why: String,
}

struct FindingRow {
    code: String,
    severity: &'static str,
    title: String,
    count: String,
}

struct ColumnView {
    id: String,
    name: String,
    about: String,
    pictures: Vec<PictureView>,
    flips: Option<FlipTable>,
    points: Vec<PointRow>,
    sampled: String,
    bins: Vec<BinRow>,
    has_after: bool,
}

struct PictureView {
    svg: String,
    caption: String,
}

impl From<Picture> for PictureView {
    fn from(picture: Picture) -> Self {
        Self { svg: picture.svg, caption: sentence(&picture.caption) }
    }
}

struct FlipTable {
    both_right: String,
    gained: String,
    lost: String,
    both_wrong: String,
    sentence: String,
}

struct PointRow {
    path: String,
    line: u64,
    tokens: u32,
    reported: f64,
    recomputed: f64,
    found: String,
    status: &'static str,
}

struct BinRow {
    name: String,
    before: String,
    after: String,
}

struct ComparisonView {
    title: String,
    picture: PictureView,
    rows: Vec<RaceRow>,
}

struct RaceRow {
    step: usize,
    picked: String,
    picked_value: String,
    picked_total: String,
    picked_counts: &'static str,
    wins: String,
    wins_value: String,
    wins_total: String,
    wins_counts: &'static str,
}

struct MetricRow {
    run: String,
    task: String,
    metric: String,
    definition: String,
    reported: String,
    recomputed: String,
    within: String,
    verdict: &'static str,
    class: &'static str,
}

struct ClaimRow {
    run: String,
    task: String,
    claim: String,
    convention: String,
    verdict: &'static str,
    class: &'static str,
    proven: u64,
    refuted: u64,
    from_refuted: u64,
    unprovable: u64,
    missing: String,
}

struct GapRow {
    what: String,
    reason: String,
    log: String,
    count: String,
}

struct InputRow {
    path: String,
    format: String,
    records: u64,
}

struct ErrorRow {
    place: String,
    reason: String,
}

impl Page {
    pub(super) fn of(report: &Report, with: &Rendering, room: Room) -> Self {
        let shown = report.shown().take(room.findings);
        let listed = report.shown().skip(room.findings).take(room.table);
        let runs: BTreeSet<&str> = report.claims.iter().map(|claim| claim.run.as_str()).collect();
        let drawn_comparisons = report.comparisons.iter().take(room.figures).enumerate();
        Self {
            style: STYLE,
            script: SCRIPT,
            style_hash: STYLE_HASH,
            script_hash: SCRIPT_HASH,
            headline: headline(report),
            tool: format!("{} {}", text(&report.tool.name), text(&report.tool.version)),
            tone: page_tone(report),
            tiles: tiles(report),
            impacts: impacts(report, room),
            findings: shown.map(|finding| finding_view(finding, room)).collect(),
            more_findings: listed.map(finding_row).collect(),
            gate: report
                .gate
                .iter()
                .flat_map(|gate| gate.failures.iter().chain(&gate.notes).cloned())
                .chain(report.silenced_line())
                .take(room.table)
                .map(|line| sentence(&line))
                .collect(),
            excused: report
                .findings
                .iter()
                .filter(|finding| finding.is_excused())
                .take(room.table)
                .map(excused_row)
                .collect(),
            hidden_findings: hidden(report.shown().count(), room.findings + room.table),
            columns: columns(report, room),
            comparisons: drawn_comparisons.map(|(index, comparison)| race_view(index, comparison)).collect(),
            many_runs: runs.len() > 1,
            metrics: report.metrics.iter().take(room.table).map(metric_row).collect(),
            hidden_metrics: hidden(report.metrics.len(), room.table),
            claims: report.claims.iter().take(room.table).map(claim_row).collect(),
            hidden_claims: hidden(report.claims.len(), room.table),
            gaps: report.coverage.iter().take(room.table).map(gap_row).collect(),
            skipped_fields: sentence(&report.skipped_fields.join(", ")),
            inputs: report.inputs.iter().take(room.table).map(input_row).collect(),
            hidden_inputs: hidden(report.inputs.len(), room.table),
            errors: report.errors.iter().take(room.table).map(error_row).collect(),
            command: sentence(&with.command),
        }
    }
}

/// The note about omitted rows of a table.
fn hidden(total: usize, shown: usize) -> String {
    if total > shown {
        format!("{} more are omitted here; the JSON report lists all.", count((total - shown) as u64))
    } else {
        String::new()
    }
}

fn page_tone(report: &Report) -> &'static str {
    let counts = report.shown_counts();
    if counts.error > 0
        || report.gate.as_ref().is_some_and(|gate| !gate.passed)
        || report.errors.iter().any(|error| error.fatal)
    {
        "bad"
    } else if counts.warning > 0 || totals(report).refuted > 0 {
        "care"
    } else {
        "good"
    }
}

fn tiles(report: &Report) -> Vec<Tile> {
    let (totals, summary) = (totals(report), &report.summary);
    let tile = |name, value, note: &str| Tile { name, value: count(value), note: note.to_owned() };
    let read = format!("{} items, {} tokens", count(summary.items), count(summary.steps));
    vec![
        tile("proven", totals.proven, "claims match the log"),
        tile("refuted", totals.refuted, "claims contradict the log"),
        tile("unprovable", totals.unprovable, "claims lack a field"),
        tile("records", summary.records, &read),
    ]
}

fn excused_row(finding: &Finding) -> ExcusedRow {
    ExcusedRow {
        code: text(&finding.code),
        title: sentence(&finding.message),
        count: format!("{} {}", count(finding.count), rows(finding.count)),
        why: finding
            .excepted
            .as_deref()
            .map_or_else(|| "in the baseline".to_owned(), |reason| format!("excepted: {}", text(reason))),
    }
}

fn finding_row(finding: &Finding) -> FindingRow {
    FindingRow {
        code: text(&finding.code),
        severity: finding.severity.word(),
        title: sentence(&finding.message),
        count: format!("{} {}", count(finding.count), rows(finding.count)),
    }
}

fn metric_row(metric: &crate::report::MetricReport) -> MetricRow {
    MetricRow {
        run: text(&metric.run),
        task: text(&metric.task),
        metric: text(&metric.metric),
        definition: text(&metric.definition),
        reported: text(&metric.reported),
        recomputed: number(metric.recomputed),
        within: if metric.recomputed.is_some() { format!("{:.1e}", metric.within) } else { "–".to_owned() },
        verdict: metric.verdict.word(),
        class: class(metric.verdict),
    }
}

/// The class of a verdict's cell.
fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::FromRefuted => "from-refuted",
        other => other.word(),
    }
}

fn claim_row(claim: &crate::report::ClaimReport) -> ClaimRow {
    ClaimRow {
        run: text(&claim.run),
        task: text(&claim.task),
        claim: text(&claim.claim.to_string()),
        convention: text(&claim.convention),
        verdict: verdict(&claim.verdicts).word(),
        class: class(verdict(&claim.verdicts)),
        proven: claim.verdicts.proven,
        refuted: claim.verdicts.refuted,
        from_refuted: claim.verdicts.from_refuted,
        unprovable: claim.verdicts.unprovable,
        missing: text(&claim.missing),
    }
}

fn gap_row(gap: &crate::report::Coverage) -> GapRow {
    GapRow {
        what: text(&gap.what.to_string()),
        reason: text(&gap.reason),
        log: text(&gap.log),
        count: count(gap.count),
    }
}

fn input_row(input: &crate::report::InputReport) -> InputRow {
    let version = input.format_version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    InputRow { path: text(&input.path), format: text(&format!("{}{version}", input.format)), records: input.records }
}

fn error_row(error: &crate::report::InputError) -> ErrorRow {
    let place = match error.line {
        0 => text(&error.path),
        line => format!("{}:{line}:{}", text(&error.path), error.column),
    };
    ErrorRow { place, reason: sentence(&error.reason) }
}

fn impacts(report: &Report, room: Room) -> Vec<ImpactRow> {
    let with_impact = report.diagnoses.iter().filter_map(|diagnosis| Some((diagnosis, diagnosis.impact.as_ref()?)));
    with_impact
        .take(room.lines)
        .map(|(diagnosis, impact)| ImpactRow {
            claim: about(diagnosis),
            formula: computed_by(diagnosis),
            sentence: impact_sentence(diagnosis, impact),
        })
        .collect()
}

/// The formulas that were really used.
fn computed_by(diagnosis: &Diagnosis) -> String {
    match &diagnosis.best {
        Some(best) => text(best),
        None if diagnosis.groups.is_empty() => "no known formula".to_owned(),
        None => diagnosis.groups.iter().map(|group| text(&group.formula)).collect::<Vec<_>>().join(" and "),
    }
}

fn impact_sentence(diagnosis: &Diagnosis, impact: &Impact) -> String {
    let picks = picks_change(impact.flips, impact.items);
    match (impact.accuracy_before, impact.accuracy_after) {
        (Some(before), Some(after)) => {
            format!("{picks}; accuracy {before:.4} as reported, {after:.4} under {}", text(&diagnosis.convention))
        }
        _ => picks,
    }
}

fn about(diagnosis: &Diagnosis) -> String {
    let mut about = text(&diagnosis.claim);
    if !diagnosis.task.is_empty() {
        about.push_str(&format!(", task {}", text(&diagnosis.task)));
    }
    about
}

fn finding_view(finding: &Finding, room: Room) -> FindingView {
    let snippet = &finding.snippet;
    let (start, end) = (snippet.mark, snippet.mark.saturating_add(snippet.mark_len));
    let part = |from: usize, to: usize| snippet.text.get(from..to).unwrap_or_default();
    let first = finding.locations.first();
    let ellipsis = |cut: bool| if cut { "…" } else { "" };
    let mut about = Vec::new();
    if !finding.claim.is_empty() {
        about.push(format!("claim {}", text(&finding.claim)));
    }
    if !finding.task.is_empty() {
        about.push(format!("task {}", text(&finding.task)));
    }
    FindingView {
        code: text(&finding.code),
        severity: finding.severity.word(),
        tone: tone(finding.severity),
        certainty: finding.certainty.word(),
        title: if finding.task.is_empty() {
            sentence(&finding.message)
        } else {
            format!("{}: {}", text(&finding.task), sentence(&finding.message))
        },
        page: page_of(&finding.code),
        place: first.map_or_else(String::new, |place| format!("{}:{}:{}", text(&place.path), place.line, place.column)),
        before: format!("{}{}", ellipsis(snippet.cut_before), visible(part(0, start))),
        marked: visible(part(start, end)).into_owned(),
        after: format!("{}{}", visible(part(end, snippet.text.len())), ellipsis(snippet.cut_after)),
        label: sentence(&finding.label),
        evidence: finding.evidence_lines.iter().take(room.lines).map(|line| sentence(line)).collect(),
        impact: finding.impact_lines.iter().take(room.lines).map(|line| sentence(line)).collect(),
        help: sentence(&finding.help),
        places: finding
            .locations
            .iter()
            .take(room.lines)
            .map(|place| PlaceRow {
                path: text(&place.path),
                line: place.line,
                column: place.column,
                field: text(&place.field),
                item: text(&place.item),
                candidate: text(&place.candidate),
            })
            .collect(),
        count: format!("{} {}", count(finding.count), rows(finding.count)),
        fingerprint: text(&finding.fingerprint),
        about: about.join(", "),
    }
}

fn columns(report: &Report, room: Room) -> Vec<ColumnView> {
    let drawn = report.diagnoses.iter().filter_map(|diagnosis| Some((diagnosis, diagnosis.figure.as_ref()?)));
    drawn
        .filter(|(_, figure)| !figure.points.is_empty())
        .take(room.figures)
        .enumerate()
        .map(|(index, (diagnosis, figure))| {
            let id = format!("c{index}");
            let mut pictures = vec![
                PictureView::from(figures::scatter(&format!("{id}s"), diagnosis, figure)),
                figures::residuals(&format!("{id}r"), diagnosis, figure).into(),
            ];
            pictures.extend(figures::timeline(&format!("{id}t"), diagnosis, figure).map(PictureView::from));
            pictures.extend(figures::lengths(&format!("{id}l"), figure).map(PictureView::from));
            pictures.extend(figures::accuracy(&format!("{id}a"), diagnosis).map(PictureView::from));
            let has_after = figure.after.len() == figure.before.len();
            ColumnView {
                name: about(diagnosis),
                about: column_sentence(diagnosis),
                pictures,
                flips: diagnosis.impact.as_ref().and_then(|impact| flip_table(diagnosis, impact)),
                points: points(report, diagnosis, room),
                sampled: if figure.rows > figure.points.len() as u64 {
                    format!("A sample of {} of {} rows.", count(figure.points.len() as u64), count(figure.rows))
                } else {
                    format!("All {} {}.", count(figure.rows), rows(figure.rows))
                },
                bins: figure
                    .before
                    .iter()
                    .enumerate()
                    .map(|(bin, before)| BinRow {
                        name: figures::bin_name(bin),
                        before: count(*before),
                        after: figure.after.get(bin).map_or_else(String::new, |rows| count(*rows)),
                    })
                    .collect(),
                has_after,
                id,
            }
        })
        .collect()
}

fn column_sentence(diagnosis: &Diagnosis) -> String {
    let held = format!("checked against {}", text(&diagnosis.convention));
    match &diagnosis.best {
        Some(best) if *best == diagnosis.convention => format!("{held}; every judged row matches"),
        Some(best) => format!(
            "{held}; explained by {} in {} of {} rows where the two differ",
            text(best),
            count(diagnosis.explained),
            count(diagnosis.decidable)
        ),
        None if diagnosis.groups.is_empty() => format!("{held}; no known formula explains it"),
        None => format!("{held}; a mixture of {} formulas", diagnosis.groups.len()),
    }
}

fn flip_table(diagnosis: &Diagnosis, impact: &Impact) -> Option<FlipTable> {
    let before = impact.accuracy_before?;
    let right_before = before * impact.graded as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
    let right_before = right_before.round() as u64;
    let both_right = right_before.saturating_sub(impact.lost);
    let both_wrong = impact.graded.saturating_sub(right_before).saturating_sub(impact.gained);
    let p = impact.mcnemar_p.map_or_else(String::new, |p| format!(", p = {} (McNemar, exact)", p_value(p)));
    Some(FlipTable {
        both_right: count(both_right),
        gained: count(impact.gained),
        lost: count(impact.lost),
        both_wrong: count(both_wrong),
        sentence: format!("{}{p}", impact_sentence(diagnosis, impact)),
    })
}

fn points(report: &Report, diagnosis: &Diagnosis, room: Room) -> Vec<PointRow> {
    let Some(figure) = &diagnosis.figure else { return Vec::new() };
    // Refuted rows come first: readers open the table to find them.
    let order = |status: crate::report::Status| std::cmp::Reverse(status);
    let mut points: Vec<&crate::report::Point> = figure.points.iter().collect();
    points.sort_by_key(|point| order(point.status));
    points
        .into_iter()
        .take(room.points)
        .map(|point| PointRow {
            path: report.inputs.get(point.input as usize).map_or_else(String::new, |input| text(&input.path)),
            line: point.line,
            tokens: point.tokens,
            reported: point.reported,
            recomputed: point.recomputed,
            found: number(point.found),
            status: match point.status {
                crate::report::Status::Follows => "follows",
                crate::report::Status::Explained => "explained",
                crate::report::Status::Unexplained => "unexplained",
            },
        })
        .collect()
}

fn race_view(index: usize, comparison: &Comparison) -> ComparisonView {
    let steps = comparison.picked.steps.len().max(comparison.wins.steps.len());
    let mut totals = [0.0, 0.0];
    let mut rows = Vec::new();
    for at in 0..steps {
        let mut cell = |side: usize, path: &crate::report::Path| -> (String, String, String, &'static str) {
            let Some(step) = path.steps.get(at) else { return (String::new(), String::new(), String::new(), "") };
            let counts = match (step.counts, step.counted) {
                (true, true) => "",
                (true, false) => "dropped",
                (false, true) => "added",
                (false, false) => "not scored",
            };
            let total = totals.get_mut(side);
            let shown = total.map_or_else(String::new, |total| {
                *total += step.logprob.filter(|_| step.counts).unwrap_or(0.0);
                format!("{total:.6}")
            });
            (text(&step.token), number(step.logprob), shown, counts)
        };
        let (picked, picked_value, picked_total, picked_counts) = cell(0, &comparison.picked);
        let (wins, wins_value, wins_total, wins_counts) = cell(1, &comparison.wins);
        rows.push(RaceRow {
            step: at + 1,
            picked,
            picked_value,
            picked_total,
            picked_counts,
            wins,
            wins_value,
            wins_total,
            wins_counts,
        });
    }
    let path = |path: &crate::report::Path| {
        format!(
            "candidate {} (reported {}, recomputed {})",
            text(&path.candidate),
            rounded(path.reported),
            rounded(path.recomputed)
        )
    };
    ComparisonView {
        title: format!(
            "Item {}: {} was picked, {} wins under {}",
            text(&comparison.item),
            path(&comparison.picked),
            path(&comparison.wins),
            text(&comparison.convention)
        ),
        picture: comparisons::comparison(&format!("r{index}"), comparison).into(),
        rows,
    }
}

/// The class of a severity's colour.
fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "bad",
        Severity::Warning => "care",
        Severity::Note => "quiet",
    }
}
