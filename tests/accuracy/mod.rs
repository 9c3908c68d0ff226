//! Accuracy: logs with known truth, and the audit's answers.
//!
//! [`Log::draw`] generates a log from a class and a seed, [`judge`] audits it, [`table`] counts. The benchmark
//! `accuracy` prints the tables; a small run is part of the integration tests.

pub(crate) mod arithmetic;
mod deviation;
mod judge;
mod log;
mod random;
mod recipe;
mod sequence;
mod shape;
mod table;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub(crate) use judge::{Outcome, judge};
pub(crate) use log::{Class, Log};
pub(crate) use table::{Measured, figures, markdown};

use random::Random;

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Number of correct logs; the other classes have fewer, see [`share`].
    pub(crate) logs: usize,
    /// The seed for the seeds of the logs.
    pub(crate) seed: u64,
    /// The only class to run.
    pub(crate) only: Option<Class>,
    /// Worker threads.
    pub(crate) threads: usize,
}

/// Number of logs of a class. There are more correct logs than others, because they show rare faults.
fn share(class: Class, logs: usize) -> usize {
    match class {
        Class::Correct => logs,
        Class::Single => logs / 2,
        Class::Pair | Class::Mixture | Class::Few => logs / 5,
        Class::EndInSome | Class::HalfSum | Class::Coarse | Class::Unknown => logs / 20,
    }
}

/// Draws and audits logs. `each` is called for every log, in any order; the result is in the order of the seeds.
pub(crate) fn measure(settings: &Settings, each: &(dyn Fn(&Log, &Outcome) + Sync)) -> Vec<Measured> {
    let mut jobs: Vec<(Class, u64)> = Vec::new();
    for (at, class) in Class::ALL.into_iter().enumerate() {
        // Each class has its own seeds, so its logs do not depend on the number of logs in other classes.
        let mut seeds = Random::new(settings.seed.wrapping_mul(0x100).wrapping_add(at as u64));
        if settings.only.is_none_or(|only| only == class) {
            jobs.extend((0..share(class, settings.logs)).map(|_| (class, seeds.next())));
        }
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..settings.threads.max(1) {
            scope.spawn(|| {
                while let Some((class, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(log) = Log::draw(*class, *seed) else { continue };
                    let outcome = judge(&log);
                    each(&log, &outcome);
                    let measured = Measured::new(&log, outcome);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(measured);
                }
            });
        }
    });
    let mut measured = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    measured.sort_by_key(|log| (log.class, log.seed));
    measured
}
