// SPDX-License-Identifier: GPL-3.0-or-later
//! "Did you mean ...?": the nearest of a few known words.
//!
//! For short words that a person typed; it knows nothing of what they mean.

/// Longer texts are no mistyped word, and the work below grows with the product of both lengths.
const LONGEST_WORD: usize = 64;

/// The known word that was probably meant, if one is near enough. Case, and `-` or a space for `_`,
/// make no difference.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.trim().is_empty() || given.len() > LONGEST_WORD {
        return None;
    }
    let given = folded(given);
    known
        .into_iter()
        .map(|word| (distance(&given, &folded(word)), word))
        .filter(|(distance, word)| *distance <= tolerance(word))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

fn folded(word: &str) -> Vec<char> {
    word.trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == '-' || c == ' ' { '_' } else { c })
        .collect()
}

/// One mistake in three characters, but never a wholly different word.
fn tolerance(word: &str) -> usize {
    (word.chars().count() / 3).clamp(1, 4)
}

/// The edit distance, where two neighbours that changed places count as one mistake (optimal string
/// alignment).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_previous: Option<char> = None;
    for (i, l) in left.iter().enumerate() {
        let mut row = Vec::with_capacity(right.len() + 1);
        row.push(i + 1);
        let mut right_previous: Option<char> = None;
        for (j, r) in right.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&last, j) + usize::from(l != r);
            let mut best = changed.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && left_previous == Some(*r) && right_previous == Some(*l) && !before_last.is_empty() {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
            right_previous = Some(*r);
        }
        before_last = std::mem::replace(&mut last, row);
        left_previous = Some(*l);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_word() {
        let known = ["accept", "hold", "reject", "discard"];
        for (given, meant) in [
            ("rejct", Some("reject")),
            ("REJECT", Some("reject")),
            ("ohld", Some("hold")),
            ("held", Some("hold")),
            ("discrad", Some("discard")),
            ("banana", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(given, known), meant, "{given:?}");
        }
        assert_eq!(did_you_mean("sign-outgoing", ["sign_outgoing", "sign_policy"]), Some("sign_outgoing"));
    }

    #[test]
    fn a_long_text_is_no_mistyped_word() {
        assert_eq!(did_you_mean(&"x".repeat(100_000), ["hold"]), None);
    }

    #[test]
    fn neighbours_that_changed_places_are_one_mistake() {
        let distance = |left: &str, right: &str| distance(&folded(left), &folded(right));
        assert_eq!(distance("hold", "hold"), 0);
        assert_eq!(distance("ohld", "hold"), 1);
        assert_eq!(distance("", "hold"), 4);
        assert_eq!(distance("hold", ""), 4);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
