//! Limits, clock, processor.

use super::Finding;
use crate::clock::now_ms;
use crate::command::{Doctor, FILES_WANTED};
use std::path::Path;

/// The preset chain's first block: no clock that is right shows less.
const EARLIEST_MS: u64 = 1_764_547_200_000;
/// Where systemd says that the clock was set.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";

pub(super) fn open_files(_: &Doctor) -> Option<Finding> {
    let Ok((_, hard)) = rlimit::getrlimit(rlimit::Resource::NOFILE) else {
        return Some(Finding::Note("the system does not say how many may be open".to_owned()));
    };
    Some(judge_files(hard))
}

fn judge_files(hard: u64) -> Finding {
    if hard >= FILES_WANTED {
        return Finding::Good(format!("{hard} may be open"));
    }
    Finding::Wrong(
        format!("{hard} may be open, a node needs {FILES_WANTED}"),
        "raise the hard limit: LimitNOFILE=65536 in the host's systemd unit, or nofile in /etc/security/limits.conf"
            .to_owned(),
    )
}

pub(super) fn clock(_: &Doctor) -> Option<Finding> {
    Some(judge_clock(now_ms(), Path::new(SYNCHRONIZED).exists()))
}

fn judge_clock(now_ms: u64, synchronized: bool) -> Finding {
    if now_ms < EARLIEST_MS {
        let mend = "set it, and keep it set: systemctl enable --now systemd-timesyncd, or chrony".to_owned();
        return Finding::Wrong(format!("it shows Unix second {}, which is long ago", now_ms / 1_000), mend);
    }
    if synchronized {
        return Finding::Good("set by the network".to_owned());
    }
    Finding::Note(
        "the system does not say whether it is set by the network; blocks more than 10 s ahead of it are refused"
            .to_owned(),
    )
}

pub(super) fn processor(_: &Doctor) -> Option<Finding> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    #[cfg(target_arch = "x86_64")]
    let fast = std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let fast = false;
    let text = format!("{cores} cores, {}", if fast { "AVX2" } else { "no AVX2" });
    Some(if cores >= 2 { Finding::Good(text) } else { Finding::Note(text + "; a node works best with two or more") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_says_how_to_mend_it() {
        assert_eq!(judge_files(4_096), Finding::Good("4096 may be open".to_owned()));
        let Finding::Wrong(text, mend) = judge_files(1_024) else { panic!("1,024 are too few") };
        assert!(text.contains("1024") && mend.contains("LimitNOFILE"), "{text} {mend}");
        assert!(matches!(judge_clock(0, true), Finding::Wrong(..)));
        assert!(matches!(judge_clock(EARLIEST_MS, true), Finding::Good(_)));
        assert!(matches!(judge_clock(EARLIEST_MS, false), Finding::Note(_)));
    }
}
