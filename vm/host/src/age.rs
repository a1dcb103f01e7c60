//! How long this process has been there. The host counts from its start, and a busy machine takes a while until the first
//! line of a program runs.

use std::fs::read_to_string;
use std::time::Duration;

/// The age of this process; zero where the system does not tell.
pub(crate) fn of_process() -> Duration {
    let (stat, uptime) = (read_to_string("/proc/self/stat"), read_to_string("/proc/uptime"));
    stat.ok().zip(uptime.ok()).and_then(|(stat, uptime)| age(&stat, &uptime)).unwrap_or_default()
}

/// From both files' texts, as proc(5) has them.
fn age(stat: &str, uptime: &str) -> Option<Duration> {
    // The second field is a program's name, which may have spaces and brackets in it.
    let (_, fields) = stat.rsplit_once(')')?;
    let started: u64 = fields.split_ascii_whitespace().nth(STARTED)?.parse().ok()?;
    let (seconds, hundredths) = uptime.split_ascii_whitespace().next()?.split_once('.')?;
    let up = seconds.parse::<u64>().ok()?.checked_mul(TICKS)?.checked_add(hundredths.parse().ok()?)?;
    Some(Duration::from_millis(up.saturating_sub(started).saturating_mul(1_000 / TICKS)))
}

/// The start's place among the fields behind the name.
const STARTED: usize = 19;
/// Of a second, in both files.
const TICKS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_the_systems_words() {
        let stat = "71 (a) b (c)) S 1 71 71 0 -1 4194560 1 0 0 0 7 3 0 0 20 0 9 0 123456 5 6 18446744073709551615 1";
        for (uptime, expected) in [
            ("1234.56 99.00\n", Some(Duration::ZERO)),
            ("1236.06 99.00\n", Some(Duration::from_millis(1_500))),
            // Of a container, which was started later than its machine.
            ("3.00 1.00\n", Some(Duration::ZERO)),
            ("1236 99", None),
            ("", None),
            ("18446744073709551615.00 1", None),
        ] {
            assert_eq!(age(stat, uptime), expected, "{uptime}");
        }
        for stat in ["", "71 a S 1", "71 (a) S 1 71", &stat.replace("123456", "-1")] {
            assert_eq!(age(stat, "1236.06 99.00"), None, "{stat}");
        }
    }

    #[test]
    fn this_process_gets_older() {
        let young = of_process();
        std::thread::sleep(Duration::from_millis(300));
        let older = of_process().checked_sub(young).unwrap();
        assert!(older >= Duration::from_millis(280), "{older:?}");
        assert!(of_process() < Duration::from_secs(3_600), "{:?}", of_process());
    }
}
