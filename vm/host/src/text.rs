//! Texts that leave the process: bounded and on one line.

/// The text up to `bytes_max` bytes, cut between characters; a cut one ends in `…`.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mut end = bytes_max.saturating_sub(CUT.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let (kept, _) = text.split_at(end);
    format!("{kept}{CUT}")
}

/// The text with every run of white space as one space, and nothing that moves a terminal's cursor.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace(char::is_control, "\u{fffd}")
}

/// The number that a text begins with.
pub(crate) fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

const CUT: &str = "…";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(bounded("short", 5), "short");
        assert_eq!(bounded("longer", 5), "lo…");
        // Each of these takes two bytes: byte 4 is inside the third.
        assert_eq!(bounded("éééé", 7), "éé…");
        assert_eq!(bounded("éééé", 6), "é…");
        assert!(bounded(&"م".repeat(100_000), 1024).len() <= 1024);
    }

    #[test]
    fn one_line_has_no_breaks() {
        assert_eq!(one_line(" a\n\n b\tc "), "a b c");
        assert_eq!(one_line("\u{1b}[31mred\u{7}"), "\u{fffd}[31mred\u{fffd}");
    }
}
