//! One question for several implementations.

/// What the implementation in use answers. A fuzzer's build asks all of them, and they must say the same: so whatever it
/// tries, through whichever caller, compares them.
pub(crate) fn ask<B: ?Sized, T: PartialEq>(chosen: &B, all: &[&B], question: impl Fn(&B) -> T) -> T {
    let answer = question(chosen);
    if cfg!(fuzzing) {
        assert!(all.iter().all(|&backend| question(backend) == answer), "implementations differ");
    }
    answer
}
