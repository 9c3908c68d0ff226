//! The line that shows how far an audit is.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::outputs::Outputs;
use crate::engine::Progress;
use crate::report::visible;
use crate::report::words::cut;

/// Work that takes less than this shows no line.
const LONG: Duration = Duration::from_millis(500);
/// Columns of the bar.
const BAR: usize = 20;
/// Characters of a file's name.
const NAME: usize = 40;

/// A line that appears once the work takes longer than [`LONG`].
pub(super) struct Line {
    bar: ProgressBar,
    state: Arc<Mutex<State>>,
}

/// How far the audit is.
#[derive(Clone, Debug, Default)]
struct State {
    /// The pass, from 1.
    pass: u32,
    /// The passes that are known to be needed.
    passes: u32,
    /// Bytes read in this pass.
    done: u64,
    /// Bytes to read in this pass.
    total: Option<u64>,
    file: String,
    /// When the pass began, since the audit began.
    begun: Duration,
    is_shown: bool,
}

impl Line {
    /// A line for an audit of so many passes at least; None where nobody would read it.
    pub(super) fn new(outputs: &Outputs, passes: u32) -> Option<Self> {
        if !outputs.is_for_people() || !io::stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        Some(Self { bar, state: Arc::new(Mutex::new(State { passes, ..State::default() })) })
    }

    /// What an audit calls while it runs.
    pub(super) fn callback(&self) -> impl Fn(Progress<'_>) + Send + Sync + 'static {
        let (bar, state) = (self.bar.clone(), Arc::clone(&self.state));
        move |progress| {
            let Ok(mut state) = state.lock() else { return };
            let elapsed = bar.elapsed();
            state.see(progress, elapsed);
            if elapsed > LONG {
                if !std::mem::replace(&mut state.is_shown, true) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_message(state.line(elapsed));
            }
        }
    }

    /// Removes the line.
    pub(super) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

impl State {
    fn see(&mut self, progress: Progress<'_>, elapsed: Duration) {
        match progress {
            Progress::Pass { number, bytes } => {
                (self.pass, self.passes) = (number, self.passes.max(number));
                (self.done, self.total, self.begun) = (0, bytes, elapsed);
                self.file.clear();
            }
            Progress::Read { path, bytes } => {
                self.done = self.done.saturating_add(bytes);
                if self.file != path {
                    path.clone_into(&mut self.file);
                }
            }
        }
    }

    /// `pass 1/2 [####    ] 43 %  82/191 MiB  ETA 3 s  file.jsonl`. What was read twice never counts beyond the size.
    fn line(&self, elapsed: Duration) -> String {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let name = self.file.rsplit('/').next().unwrap_or_default();
        let name = cut(&visible(name), NAME);
        let pass = format!("pass {}/{}", self.pass.max(1), self.passes.max(1));
        let Some(total) = self.total.filter(|total| *total > 0) else {
            return format!("{pass}  {:.0} MiB read  {name}", mib(self.done));
        };
        let done = self.done.min(total);
        let share = done as f64 / total as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is at most 1")]
        let filled = (share * BAR as f64) as usize;
        let bar = format!("{}{}", "#".repeat(filled), " ".repeat(BAR - filled.min(BAR)));
        let left = elapsed.saturating_sub(self.begun).as_secs_f64() * (1.0 - share) / share.max(f64::MIN_POSITIVE);
        let eta = if done > 0 && left.is_finite() { format!("  ETA {}", time(left)) } else { String::new() };
        let percent = (share * 100.0).floor();
        format!("{pass} [{bar}] {percent:.0} %  {:.0}/{:.0} MiB{eta}  {name}", mib(done), mib(total))
    }
}

/// Seconds as a reader says them.
fn time(seconds: f64) -> String {
    if seconds < 90.0 { format!("{:.0} s", seconds.ceil()) } else { format!("{:.0} min", (seconds / 60.0).ceil()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_line_says_how_far_the_pass_is() {
        let mut state = State { passes: 2, ..State::default() };
        state.see(Progress::Pass { number: 1, bytes: Some(191 * MIB) }, Duration::ZERO);
        state.see(Progress::Read { path: "runs/file.jsonl", bytes: 82 * MIB }, Duration::ZERO);
        let line = state.line(Duration::from_millis(2_200));
        assert_eq!(line, "pass 1/2 [########            ] 42 %  82/191 MiB  ETA 3 s  file.jsonl");
    }

    #[test]
    fn never_more_than_the_size_is_shown_and_further_passes_are_counted() {
        let mut state = State::default();
        state.see(Progress::Pass { number: 3, bytes: Some(MIB) }, Duration::from_secs(9));
        state.see(Progress::Read { path: "a", bytes: 5 * MIB }, Duration::from_secs(9));
        assert_eq!(state.line(Duration::from_secs(10)), "pass 3/3 [####################] 100 %  1/1 MiB  ETA 0 s  a");
        state.see(Progress::Pass { number: 4, bytes: None }, Duration::from_secs(10));
        state.see(Progress::Read { path: "b\u{1b}.gz", bytes: 5 * MIB }, Duration::from_secs(10));
        assert_eq!(state.line(Duration::from_secs(10)), "pass 4/4  5 MiB read  b\\x1b.gz");
        assert_eq!([time(3.0), time(89.2), time(91.0)], ["3 s", "90 s", "2 min"]);
    }
}
