//! How long work takes on a machine that does other work, too.

use rustix::time::{ClockId, clock_gettime};

/// For so long something is repeated before it is another's turn.
const TURN_NS: u64 = 2_000_000;
const ROUNDS: usize = 11;

/// Something that is timed.
pub(crate) type Work<'a> = Box<dyn FnMut() + 'a>;

/// The time of one call of each, in nanoseconds of the processor, round by round.
pub(crate) struct Times(Vec<Vec<f64>>);

impl Times {
    /// They take turns, so that whatever slows the machine down slows all of them, and what they are to each other stays.
    pub(crate) fn of(works: &mut [Work<'_>]) -> Self {
        let counts: Vec<u64> = works.iter_mut().map(calls_of_a_turn).collect();
        let mut times = vec![Vec::new(); works.len()];
        for _ in 0..ROUNDS {
            for ((work, times), calls) in works.iter_mut().zip(&mut times).zip(&counts) {
                times.push(nanoseconds(spent_ns(work, *calls)) / nanoseconds(*calls));
            }
        }
        Self(times)
    }

    /// The median of one.
    pub(crate) fn ns(&self, work: usize) -> f64 {
        median(self.0[work].clone())
    }

    /// The median of what one is to another in the same round.
    pub(crate) fn ratio(&self, work: usize, other: usize) -> f64 {
        median(self.0[work].iter().zip(&self.0[other]).map(|(work, other)| work / other).collect())
    }
}

/// The middle one.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn calls_of_a_turn(work: &mut Work<'_>) -> u64 {
    let mut calls = 1;
    while spent_ns(work, calls) < TURN_NS {
        calls *= 2;
    }
    calls
}

/// Time of the processor, without that of whoever else had it.
pub(crate) fn spent_ns(work: &mut Work<'_>, calls: u64) -> u64 {
    let before = thread_ns();
    for _ in 0..calls {
        work();
    }
    thread_ns() - before
}

/// What this thread has had of the processor.
pub(crate) fn thread_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).expect("time goes up")
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "for people")]
pub(crate) const fn nanoseconds(ns: u64) -> f64 {
    ns as f64
}
