//! What somebody who mistyped a name meant.

/// The known name that is nearest to this one; the first of equals.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = letters(name);
    known.into_iter().min_by_key(|known| distance(&name, &letters(known)))
}

/// Letters that are compared; more say nothing.
const LETTERS_MAX: usize = 64;

/// Spellings that people mix up are the same.
fn letters(name: &str) -> Vec<char> {
    let same = |letter: char| if letter == '_' || letter == ' ' { '-' } else { letter.to_ascii_lowercase() };
    name.chars().take(LETTERS_MAX).map(same).collect()
}

/// Letters to insert, to take out or to change (Levenshtein).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.iter().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(to) {
            let change = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = change.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["tx-pool-global-slots", "tx-pool-global-queue", "feeRecipient", "log-level"];
        for (name, meant) in [
            ("tx-pool-global-slot", "tx-pool-global-slots"),
            ("tx_pool_global_queue", "tx-pool-global-queue"),
            ("feerecipient", "feeRecipient"),
            ("loglevel", "log-level"),
            ("", "log-level"),
        ] {
            assert_eq!(nearest(name, known), Some(meant), "{name}");
        }
        assert_eq!(nearest("x", []), None);
        let count = |a: &str, b: &str| distance(&letters(a), &letters(b));
        assert_eq!((count("kitten", "sitting"), count("", "abc"), count("abc", ""), count("abc", "abc")), (3, 3, 3, 0));
    }
}
