//! How much a test does.

/// How many to try: a few, and many where `PARS_FULL` is set.
#[expect(clippy::disallowed_methods, reason = "tests are told how much to do by a variable")]
pub(crate) fn count(few: usize, many: usize) -> usize {
    if std::env::var_os("PARS_FULL").is_some() { many } else { few }
}
