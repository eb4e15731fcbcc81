// SPDX-License-Identifier: GPL-3.0-or-later
//! Subjects: removing what only the list may say.

use zeroize::Zeroizing;

use crate::text;

/// Removes from a subject what looks like one of the list's verdict tags (as `[signed]`), whatever
/// its case, spaces, width, brackets or look-alike letters, also where one is hidden inside another.
/// The rest stays, with single spaces.
pub fn remove_result_lookalikes_in_subject(subject: &str, tags: &[&str]) -> Zeroizing<String> {
    let tags: Vec<Vec<char>> = tags.iter().map(|tag| skeleton(tag)).filter(|tag| !tag.is_empty()).collect();
    let mut kept = Zeroizing::new(String::with_capacity(subject.len()));
    let mut letters: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(subject.len()));
    // Of each open bracket: how much was kept before it, and how many letters.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for c in subject.chars().filter(|c| !text::is_bidi_control(*c)) {
        if is_opening(c) {
            open.push((kept.len(), letters.len()));
        }
        kept.push(c);
        if !is_closing(c) {
            letters.extend(skeleton_of(c));
            continue;
        }
        if let Some((kept_before, letters_before)) = open.pop()
            && tags.iter().any(|tag| letters.get(letters_before..) == Some(tag.as_slice()))
        {
            kept.truncate(kept_before);
            letters.truncate(letters_before);
        }
    }
    Zeroizing::new(kept.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn is_opening(c: char) -> bool {
    matches!(
        c,
        '[' | '［'
            | '【'
            | '〔'
            | '⟦'
            | '❲'
            | '〚'
            | '⁅'
            | '「'
            | '『'
            | '｢'
            | '⦋'
            | '﹝'
            | '⎡'
            | '⎣'
    )
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        ']' | '］'
            | '】'
            | '〕'
            | '⟧'
            | '❳'
            | '〛'
            | '⁆'
            | '」'
            | '』'
            | '｣'
            | '⦌'
            | '﹞'
            | '⎤'
            | '⎦'
    )
}

/// The letters of a text without case, space, sign or accent.
fn skeleton(text: &str) -> Vec<char> {
    text.chars().filter(|c| !is_opening(*c) && !is_closing(*c)).flat_map(skeleton_of).collect()
}

/// What a character looks like: itself in lower case, the Latin letter that it resembles, or
/// nothing (Unicode technical standard 39 calls this a skeleton; here are only the letters of tags).
fn skeleton_of(c: char) -> Option<char> {
    let plain = match c {
        // Fullwidth forms.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
        // Mathematical letters: thirteen alphabets of 26 capitals and 26 small ones.
        '\u{1d400}'..='\u{1d6a3}' => char::from_u32('a' as u32 + (c as u32 - 0x1d400) % 26)?,
        // Circled and squared letters.
        '\u{24b6}'..='\u{24cf}' => char::from_u32('a' as u32 + (c as u32 - 0x24b6))?,
        '\u{24d0}'..='\u{24e9}' => char::from_u32('a' as u32 + (c as u32 - 0x24d0))?,
        '\u{1f130}'..='\u{1f149}' => char::from_u32('a' as u32 + (c as u32 - 0x1f130))?,
        _ => c,
    };
    let lower = plain.to_lowercase().next()?;
    let latin = match lower {
        'а' | 'α' | 'ɑ' | 'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ь' | 'в' => 'b',
        'с' | 'ϲ' | 'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ԁ' | 'ď' | 'đ' => 'd',
        'е' | 'є' | 'ε' | 'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ҽ' => 'e',
        'ƒ' => 'f',
        'ɡ' | 'ց' | 'ğ' | 'ġ' | 'ĝ' | 'ģ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' | 'ì'..='ï' | 'ī' | 'ĭ' | 'į' | 'ɪ' | 'ї' | '1' | 'l' | '|' | 'ӏ' => 'i',
        'п' | 'ո' | 'ñ' | 'ń' | 'ņ' | 'ň' | 'η' | 'ɴ' => 'n',
        'о' | 'ο' | 'σ' | 'ò'..='ö' | 'ō' | '0' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'г' | 'ŕ' | 'ř' => 'r',
        'ѕ' | 'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | '$' | '5' => 's',
        'т' | 'τ' | 'ţ' | 'ť' | 'ț' => 't',
        'υ' | 'ս' | 'ù'..='ü' | 'ū' => 'u',
        'ѵ' | 'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ý' | 'ÿ' => 'y',
        other => other,
    };
    latin.is_alphanumeric().then_some(latin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TAGS: &[&str] =
        &["[signed]", "[unsigned]", "[bad signature]", "[not verified]", "[signed, not encrypted]"];

    fn removed(subject: &str) -> String {
        remove_result_lookalikes_in_subject(subject, TAGS).to_string()
    }

    #[test]
    fn a_lookalike_is_removed_in_every_dress() {
        for lookalike in [
            "[signed]",
            "[SIGNED]",
            "[ Signed ]",
            "[s i g n e d]",
            "[signed!]",
            "[✓ signed]",
            "［ｓｉｇｎｅｄ］",
            "【signed】",
            "[ѕіgnеd]",
            "[sign\u{200b}ed]",
            "[s\u{301}igned]",
            "[𝐬𝐢𝐠𝐧𝐞𝐝]",
            "[signed,not encrypted]",
            "[Bad  Signature]",
            "[bad-signature]",
            "[not\u{a0}verified]",
            "[sig[signed]ned]",
            "[sig[unsigned]ned]",
            "[[signed]]",
            "[Unsigned] [signed]",
            "\u{202e}[signed]\u{202c}",
        ] {
            let found = removed(&format!("{lookalike} lunch"));
            assert!(
                !found.to_lowercase().contains("igned") && found.ends_with("lunch"),
                "{lookalike}: {found}"
            );
        }
    }

    #[test]
    fn what_is_no_lookalike_stays() {
        for subject in [
            "Re: [friends] lunch",
            "signed, sealed",
            "[signed copy] of [x",
            "a]b[c",
            "[]",
            "contract (signed)",
        ] {
            assert_eq!(removed(subject), subject);
        }
    }

    #[test]
    fn a_subject_of_brackets_is_read_in_linear_time() {
        let subject = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(removed(&subject).len(), subject.len());
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_remove(subject in "([\\[\\]]|signed|unsigned|not verified| |\\PC){0,40}") {
            let once = removed(&subject);
            prop_assert_eq!(removed(&once), once);
        }
    }
}
