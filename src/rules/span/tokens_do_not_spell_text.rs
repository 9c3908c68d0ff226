//! RT309: the scored tokens do not concatenate to the continuation.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule::candidate(page!("RT309-tokens-do-not-spell-text"), check, say);

fn check(view: &CandidateView<'_>, seen: &mut Observer<'_>) {
    let Some(text) = view.candidate.continuation.map(|text| text.decoded()) else { return };
    let tokens: Option<Vec<_>> = view
        .scored()
        .filter(|step| step.segment == Segment::Continuation)
        .map(|step| step.token.map(|token| token.decoded()))
        .collect();
    let Some(tokens) = tokens.filter(|tokens| !tokens.is_empty()) else { return };
    let unreadable = |token: &str| token.contains('\u{FFFD}') || token.starts_with("token_id:");
    // The text of partial characters, and of tokens logged as ids only, is unknown.
    if unreadable(&text) || tokens.iter().any(|token| unreadable(token)) {
        return;
    }
    let spelled = |bytes: &[u8]| same(bytes, text.as_bytes());
    let plain: Vec<u8> = tokens.iter().filter(|token| !is_special(token)).flat_map(|token| token.bytes()).collect();
    let all: Vec<u8> = tokens.iter().flat_map(|token| token.bytes()).collect();
    let holds = spelled(&all)
        || spelled(&plain)
        || sentence_piece(&tokens).is_some_and(|bytes| spelled(&bytes))
        || byte_level(&tokens).is_some_and(|bytes| spelled(&bytes))
        || are_words(&tokens) && without_blanks(&all) == without_blanks(text.as_bytes());
    seen.judge(view.candidate.at, holds, || {
        let short = |text: &str| text.chars().take(40).collect::<String>();
        let ignored = if are_words(&tokens) { " (compared without white space, which no token has)" } else { "" };
        let (spelled, text_shown) = (short(&tokens.concat()), short(&text));
        let detail = format!("the tokens spell `{spelled}`, but the continuation is `{text_shown}`{ignored}");
        Evidence::equals(text.len() as f64).found(all.len() as f64).detail(detail)
    });
}

/// Equal up to white space at the ends, which tokenizers add and writers strip, and up to what a stop string cuts off
/// the text.
fn same(spelled: &[u8], text: &[u8]) -> bool {
    let text = text.trim_ascii();
    !text.is_empty() && spelled.trim_ascii().starts_with(text) || text == spelled.trim_ascii()
}

/// Whether no token has a blank of its own: the words of a table, which lack the blanks of the text.
fn are_words(tokens: &[std::borrow::Cow<'_, str>]) -> bool {
    tokens.iter().all(|token| {
        !token.contains(|character: char| character.is_whitespace() || character == '\u{2581}' || character == 'Ġ')
    })
}

fn without_blanks(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// Begin, end and padding marks, as tokenizers write them.
fn is_special(token: &str) -> bool {
    (token.starts_with("<|") && token.ends_with("|>"))
        || matches!(
            token,
            "<s>" | "</s>" | "<pad>" | "<bos>" | "<eos>" | "<unk>" | "[PAD]" | "[SEP]" | "[CLS]" | "<end_of_turn>"
        )
}

/// `▁` for a space, `<0x0A>` for a byte (`SentencePiece`).
fn sentence_piece(tokens: &[std::borrow::Cow<'_, str>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for token in tokens.iter().filter(|token| !is_special(token)) {
        match token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>')) {
            Some(hex) => bytes.push(u8::from_str_radix(hex, 16).ok()?),
            None => bytes.extend(token.replace('\u{2581}', " ").bytes()),
        }
    }
    Some(bytes)
}

/// The byte-level alphabet of GPT-2: printable bytes map to themselves, the others to U+0100 and up.
fn byte_level(tokens: &[std::borrow::Cow<'_, str>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for token in tokens.iter().filter(|token| !is_special(token)) {
        for character in token.chars() {
            let code = u32::from(character);
            bytes.push(match code {
                0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => u8::try_from(code).ok()?,
                0x100..=0x120 => u8::try_from(code - 0x100).ok()?,
                0x121..=0x142 => u8::try_from(code - 0x121 + 0x7f).ok()?,
                0x143 => 0xad,
                _ => return None,
            });
        }
    }
    Some(bytes)
}

fn say(all: &Observed) -> Message {
    Message::new(format!("in {} of {} candidates the tokens do not spell the continuation", all.failed, all.judged))
        .help("log the tokens of the scored text, cut where the text is cut")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_level_alphabet_spells_utf8() {
        let tokens = ["ĠCaf".into(), "Ã©".into(), "Ċ".into()];
        assert_eq!(byte_level(&tokens).unwrap(), " Café\n".as_bytes());
    }

    #[test]
    fn words_of_a_table_lack_the_blanks_of_the_text() {
        assert!(are_words(&["The".into(), "suspect".into()]));
        assert!(!are_words(&["The".into(), " suspect".into()]));
        assert!(!are_words(&["▁The".into(), "▁suspect".into()]));
        assert_eq!(without_blanks(b"The suspect\n"), b"Thesuspect");
    }

    #[test]
    fn sentence_piece_spells_bytes() {
        let tokens = ["▁a".into(), "<0xC3>".into(), "<0xA9>".into()];
        assert_eq!(sentence_piece(&tokens).unwrap(), " aé".as_bytes());
    }
}
