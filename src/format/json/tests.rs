use proptest::prelude::*;

use super::*;

fn refused(bytes: &[u8]) -> JsonError {
    Tape::default().parse(bytes).unwrap_err()
}

/// Offset and message of the error.
fn error(text: &str) -> (usize, String) {
    let error = refused(text.as_bytes());
    (error.offset, error.to_string())
}

/// Offset at which a truncated record ends, and the construct it ends in.
fn cut(text: &str) -> (usize, Cut) {
    let error = refused(text.as_bytes());
    let Reason::CutOff(cut) = error.reason else { panic!("{text}: {error}") };
    (error.offset, cut)
}

fn texts(value: Value<'_>) -> Vec<String> {
    value.elements().map(|value| value.as_str().unwrap().into_owned()).collect()
}

#[test]
fn every_kind_keeps_its_text_and_place() {
    let text = r#" { "a" : [null, true, false, -1.50e+3, "x\ny", {}, []] , "b":"é" } "#;
    let mut tape = Tape::default();
    let root = tape.parse(text.as_bytes()).unwrap();
    assert_eq!((root.kind(), root.start(), root.end()), (Kind::Object, 1, text.len() - 1));
    let list = root.get("a").unwrap();
    let seen: Vec<(Kind, &str)> = list.elements().map(|value| (value.kind(), value.raw_str())).collect();
    let wanted = [
        (Kind::Null, "null"),
        (Kind::Bool, "true"),
        (Kind::Bool, "false"),
        (Kind::Number, "-1.50e+3"),
        (Kind::String, r"x\ny"),
        (Kind::Object, "{}"),
        (Kind::Array, "[]"),
    ];
    assert_eq!(seen, wanted);
    for value in list.elements() {
        let raw =
            if value.kind() == Kind::String { format!("\"{}\"", value.raw_str()) } else { value.raw_str().into() };
        assert_eq!(text[value.start()..value.end()], raw);
        assert_eq!(value.raw(), value.raw_str().as_bytes());
    }
    let flags: Vec<Option<bool>> = list.elements().map(|value| value.as_bool()).collect();
    assert_eq!(flags, [None, Some(true), Some(false), None, None, None, None]);
    let keys: Vec<(&str, usize, usize)> =
        root.members().map(|(key, _)| (key.raw_str(), key.start(), key.end())).collect();
    assert_eq!(keys, [("a", 3, 6), ("b", text.find("\"b\"").unwrap(), text.find(":\"é").unwrap())]);
    assert_eq!(root.get("b").unwrap().raw_str(), "é");
    assert!(root.get("c").is_none());
}

#[test]
fn a_record_may_be_a_bare_value() {
    let mut tape = Tape::default();
    assert_eq!(tape.parse(b"-0.5\r\n").unwrap().raw(), b"-0.5");
    assert_eq!(tape.parse(b"\"\"").unwrap().as_str().unwrap(), "");
    assert_eq!(tape.parse(b"null").unwrap().kind(), Kind::Null);
}

#[test]
fn what_is_no_number_of_json_but_python_s_is_a_number() {
    let mut tape = Tape::default();
    let root = tape.parse(br#"{"logprobs": [NaN, Infinity, -Infinity, -0, 1E5]}"#).unwrap();
    let list = root.get("logprobs").unwrap();
    let seen: Vec<(Kind, &str)> = list.elements().map(|value| (value.kind(), value.raw_str())).collect();
    let wanted = ["NaN", "Infinity", "-Infinity", "-0", "1E5"].map(|raw| (Kind::Number, raw));
    assert_eq!(seen, wanted);
}

#[test]
fn numbers_keep_digits_that_no_double_holds() {
    let digits = format!("-{}.{}e-400", "9".repeat(300), "1".repeat(500));
    let mut tape = Tape::default();
    assert_eq!(tape.parse(digits.as_bytes()).unwrap().raw_str(), digits);
}

#[test]
fn lengths_count_children_and_not_descendants() {
    let mut tape = Tape::default();
    let root = tape.parse(br#"{"a": [1, 2, 3], "b": [[1, 2], {"x": [3]}], "c": {}, "d": [], "e": "four"}"#).unwrap();
    assert_eq!(root.len(), 5);
    let lengths: Vec<(usize, bool)> =
        root.members().map(|(_, value)| (value.len(), value.is_container_empty())).collect();
    assert_eq!(lengths, [(3, false), (2, false), (0, true), (0, true), (0, false)]);
    assert_eq!(root.elements().count(), 0);
    assert_eq!(root.get("a").unwrap().members().count(), 0);
    let inner = root.get("b").unwrap().elements().nth(1).unwrap();
    assert_eq!((inner.len(), inner.get("x").unwrap().len()), (1, 1));
}

#[test]
fn escapes_are_decoded_and_plain_strings_are_borrowed() {
    let mut tape = Tape::default();
    let root = tape.parse(br#"["\u0120the", "\"\\\/\b\f\n\r\t", "\uD83D\uDE00", "\u0000", "plain"]"#).unwrap();
    assert_eq!(texts(root), ["Ġthe", "\"\\/\u{8}\u{c}\n\r\t", "😀", "\0", "plain"]);
    assert!(matches!(root.elements().nth(4).unwrap().as_str(), Some(Cow::Borrowed("plain"))));
    assert!(root.as_str().is_none());
}

#[test]
fn a_lone_surrogate_loses_neither_the_record_nor_its_own_spelling() {
    let text = br#"{"t": ["\udce2", "a\ud83d", "\ud83dx", "\ud83d\ud83d\ude00", "\ude00\ud83d", "\ud83d\n"], "n": 1}"#;
    let mut tape = Tape::default();
    let root = tape.parse(text).unwrap();
    let list = root.get("t").unwrap();
    assert_eq!(texts(list), ["\u{FFFD}", "a\u{FFFD}", "\u{FFFD}x", "\u{FFFD}😀", "\u{FFFD}\u{FFFD}", "\u{FFFD}\n"]);
    assert_eq!(list.elements().next().unwrap().raw_str(), r"\udce2");
    assert_eq!(root.get("n").unwrap().raw(), b"1");
    // The next record is not read from the repaired copy of this one.
    assert_eq!(tape.parse(b"[\"new\"]").unwrap().elements().next().unwrap().raw(), b"new");
}

#[test]
fn raw_control_characters_are_read_inside_strings_only() {
    let mut tape = Tape::default();
    let root = tape.parse(b"[\"a\tb\\n\x01\", \"\x1f\"]").unwrap();
    assert_eq!(texts(root), ["a\tb\n\u{1}", "\u{1f}"]);
    assert_eq!(error("[\"\t\", \u{1}]"), (6, "expected a value, found the character U+0001".into()));
}

#[test]
fn strings_are_equal_by_meaning() {
    let same = |left: &str, right: &str| {
        let text = format!("[{left}, {right}]");
        let mut tape = Tape::default();
        let root = tape.parse(text.as_bytes()).unwrap();
        let (left, right) = (root.elements().next().unwrap(), root.elements().nth(1).unwrap());
        assert_eq!(left.raw_eq(right), right.raw_eq(left));
        left.raw_eq(right)
    };
    assert!(same(r#"" the""#, r#"" the""#));
    assert!(same(r#""\u0120a""#, r#""Ġa""#));
    assert!(same(r#""\u0041\/""#, r#""A/""#));
    assert!(!same(r#""\n""#, r#""n""#));
    assert!(!same(r#""a""#, r#""b""#));
    assert!(!same(r#""\\n""#, r#""\n""#));
    // They look alike when displayed, but are two different tokens.
    assert!(!same(r#""\udce2""#, r#""\udce3""#));
    assert!(!same(r#""\udce2""#, r#""\ufffd""#));
    assert!(same(r#""\udce2""#, r#""\uDCE2""#));
    assert!(!same("1", "1"));
}

#[test]
fn the_last_of_several_members_counts_and_keys_are_compared_by_meaning() {
    let mut tape = Tape::default();
    let root = tape.parse(br#"{"a": 1, "lo\u0067prob": 2, "a": 3, "b\\": 4, "": 5}"#).unwrap();
    let get = |key: &str| root.get(key).map(|value| value.raw_str());
    assert_eq!(get("a"), Some("3"));
    assert_eq!(get("logprob"), Some("2"));
    assert_eq!(get(r"b\"), Some("4"));
    assert_eq!(get(r"b\\"), None);
    assert_eq!(get(""), Some("5"));
    assert_eq!(root.len(), 5);
}

#[test]
fn the_first_repeated_key_is_found_in_small_and_large_objects() {
    let duplicate = |text: &str| {
        let mut tape = Tape::default();
        let root = tape.parse(text.as_bytes()).unwrap();
        root.duplicate_keys().map(|(first, again)| (first.start(), again.start()))
    };
    assert_eq!(duplicate(r#"{"a": 1, "b": 2}"#), None);
    assert_eq!(duplicate("[1, 1]"), None);
    assert_eq!(duplicate(r#"{"a": 1, "b": {"a": 1}}"#), None);
    assert_eq!(duplicate(r#"{"a": 1, "b": 2, "\u0062": 3, "a": 4}"#), Some((9, 17)));
    assert_eq!(duplicate(r#"{"a": 1, "a": 2, "a": 3}"#), Some((1, 9)));
    let many = (0..1000).map(|key| format!("\"{key}\": 0, ")).collect::<Vec<_>>().concat();
    let text = format!("{{{many}\"\\u0037\": 0, \"8\": 0}}");
    assert_eq!(duplicate(&text), Some((text.find("\"7\"").unwrap(), text.find("\"\\u").unwrap())));
    assert_eq!(duplicate(&format!("{{{many}\"x\": 0}}")), None);
}

#[test]
fn a_record_that_ends_too_soon_is_cut_off() {
    assert_eq!(cut(r#"{"a": "cut"#), (10, Cut::String));
    assert_eq!(cut(r#"{"a": "cut\"#), (11, Cut::String));
    assert_eq!(cut(r#"{"a": "cut\u00"#), (14, Cut::String));
    assert_eq!(cut(r#"["\ud83d"#), (8, Cut::String));
    assert_eq!(cut(r#"["\ud83d\"#), (9, Cut::String));
    assert_eq!(cut("[1, -2.5"), (8, Cut::Array));
    assert_eq!(cut("[1, -2."), (7, Cut::Value));
    assert_eq!(cut("[1, -"), (5, Cut::Value));
    assert_eq!(cut("[1, 2e"), (6, Cut::Value));
    assert_eq!(cut("[1, -Inf"), (8, Cut::Value));
    assert_eq!(cut("[1, tru"), (7, Cut::Value));
    assert_eq!(cut("[1, "), (4, Cut::Value));
    assert_eq!(cut("["), (1, Cut::Array));
    assert_eq!(cut("[[1]\n"), (5, Cut::Array));
    assert_eq!(cut(r#"{"a""#), (4, Cut::Object));
    assert_eq!(cut(r#"{"a":"#), (5, Cut::Value));
    assert_eq!(cut(r#"{"a":1,"#), (7, Cut::Value));
    assert_eq!(cut("{"), (1, Cut::Object));
    assert_eq!(cut(""), (0, Cut::Value));
    assert_eq!(error(r#"["a"#).1, "the record is truncated inside a string");
    assert_eq!(error("").1, "the record is truncated before the end of a value");
}

#[test]
fn errors_say_what_and_where() {
    let expected = |text: &str, offset: usize, wanted: &str, found: &str| {
        assert_eq!(error(text), (offset, format!("expected {wanted}, found {found}")), "{text}");
    };
    expected(r#"{"a": 1 "b": 2}"#, 8, "`,` or `}`", "`\"`");
    expected("[1 2]", 3, "`,` or `]`", "`2`");
    expected("[1}", 2, "`,` or `]`", "`}`");
    expected(r#"{"a" 1}"#, 5, "`:` after a key", "`1`");
    expected("{a: 1}", 1, "a key in double quotes", "`a`");
    expected("{'a': 1}", 1, "a key in double quotes", "`'`");
    expected(r#"{"a": 1, b: 2}"#, 9, "a key in double quotes", "`b`");
    expected("[1, ]", 4, "a value after `,`", "`]`");
    expected("[,]", 1, "a value", "`,`");
    expected(r#"{"a": 1,}"#, 8, "a key after `,`", "`}`");
    expected(r#"{"a": }"#, 6, "a value", "`}`");
    expected("nope", 0, "a value", "`nope`");
    expected("[nan]", 1, "a value", "`nan`");
    expected("[None]", 1, "a value", "`None`");
    expected(r#"{"a": True}"#, 6, "a value", "`True`");
    expected("[-Inf]", 1, "a value", "`-Inf`");
    expected("[nul]", 1, "a value", "`nul`");
    expected("[nulls]", 5, "`,` or `]`", "`s`");
    expected("[“a”]", 1, "a value", "the character U+201C");
    expected("[01]", 2, "no further digit after a leading 0", "`1`");
    expected("[-01]", 3, "no further digit after a leading 0", "`1`");
    expected("[-]", 2, "a digit", "`]`");
    expected("[-x]", 2, "a digit", "`x`");
    expected("[1.]", 3, "a digit", "`]`");
    expected("[1.e5]", 3, "a digit", "`e5`");
    expected("[1e+]", 4, "a digit", "`]`");
    expected("[.5]", 1, "a value", "`.`");
    expected("[+1]", 1, "a value", "`+`");
    expected("[1.5.2]", 4, "`,` or `]`", "`.`");
    expected("1 2", 2, "the end of the record", "`2`");
    expected(r#"{"a": 1} {"b": 2}"#, 9, "the end of the record", "`{`");
    expected(r#"["\x"]"#, 3, "a valid escape character after `\\`", "`x`");
    expected(r#"["\u12g4"]"#, 6, "four hexadecimal digits after `\\u`", "`g4`");
    expected(&format!("[{}]", "1".repeat(4301)), 4302, "at most 4300 digits in an integer", "`]`");
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    assert!(Tape::default().parse(nested(128).as_bytes()).is_ok());
    assert!(Tape::default().parse(objects(128).as_bytes()).is_ok());
    let deep = JsonError { offset: 128, reason: Reason::TooDeep };
    assert_eq!(refused(nested(129).as_bytes()), deep);
    assert_eq!(refused(objects(129).as_bytes()).offset, 128 * 5);
    assert_eq!(refused("[".repeat(1_000_000).as_bytes()), deep);
    assert!(deep.to_string().contains("more than 128 nested"));
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_with_their_place() {
    assert_eq!(refused(b"{\"a\": \"b\xff\"}"), JsonError { offset: 8, reason: Reason::NotUtf8(0xff) });
    assert_eq!(refused(b"[1, \xc3\x28]").offset, 4);
    assert_eq!(refused(b"[1]\xff"), JsonError { offset: 3, reason: Reason::NotUtf8(0xff) });
    // The first error is the one to report.
    assert_eq!(refused(b"[1 2, \"\xff\"]").offset, 3);
    // Half a character at the end is a truncation, not invalid UTF-8.
    assert_eq!(refused(b"[\"a\xc3"), JsonError { offset: 4, reason: Reason::CutOff(Cut::String) });
}

fn same(value: Value<'_>, other: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match other {
        Json::Null => value.kind() == Kind::Null,
        Json::Bool(flag) => value.as_bool() == Some(*flag),
        Json::Number(number) => value.kind() == Kind::Number && value.raw_str() == number.to_string(),
        Json::String(text) => value.as_str().is_some_and(|own| own == *text),
        Json::Array(entries) => {
            value.kind() == Kind::Array
                && value.len() == entries.len()
                && value.elements().count() == entries.len()
                && value.elements().zip(entries).all(|(own, other)| same(own, other))
        }
        Json::Object(members) => {
            value.kind() == Kind::Object
                && value.len() == members.len()
                && value.members().count() == members.len()
                && value.duplicate_keys().is_none()
                && members.iter().all(|(key, other)| value.get(key).is_some_and(|own| same(own, other)))
        }
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let text = || prop_oneof![".{0,12}", "[\\u{0}-\\u{7f}]{0,12}"];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 120, 24, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..24).prop_map(Into::into),
            prop::collection::btree_map(text(), inner, 0..24)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Characters in the spellings that JSON allows: literal, escaped, as surrogate pairs and as lone surrogates.
fn any_spelling() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -!#-\\[\\]-~é€😀]{1,4}",
        any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
        (0xD800..0xE000_u16).prop_map(|unit| format!("\\u{unit:04X}")),
        Just("\\ud83d\\ude00".to_owned()),
        prop::sample::select(vec!["\\n", "\\t", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\r"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The decoded escapes, computed by the rules of UTF-16 and without a JSON library.
fn meaning(raw: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = raw.chars();
    while let Some(character) = rest.next() {
        let character = match character {
            '\\' => match rest.next().unwrap() {
                'u' => {
                    let hex: String = rest.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&hex, 16).unwrap());
                    continue;
                }
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                other => other,
            },
            other => other,
        };
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

proptest! {
    #[test]
    fn any_json_is_read_as_serde_json_reads_it(value in any_json()) {
        let mut tape = Tape::default();
        let compact = value.to_string();
        prop_assert!(same(tape.parse(compact.as_bytes()).unwrap(), &value));
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert!(same(tape.parse(pretty.as_bytes()).unwrap(), &value));
    }

    #[test]
    fn every_shorter_record_is_cut_off_at_its_end(value in any_json()) {
        let text = serde_json::Value::Array(vec![value]).to_string();
        let mut tape = Tape::default();
        for end in 0..text.len() {
            let error = tape.parse(&text.as_bytes()[..end]).unwrap_err();
            prop_assert!(error.is_cut_off() && error.offset == end, "{} {error}", &text[..text.floor_char_boundary(end)]);
        }
    }

    #[test]
    fn any_spelling_of_a_string_is_decoded(raw in any_spelling()) {
        let text = format!("[\"{raw}\"]");
        let mut tape = Tape::default();
        let root = tape.parse(text.as_bytes()).unwrap();
        let value = root.elements().next().unwrap();
        prop_assert_eq!(value.raw_str(), &raw);
        let meant = meaning(&raw);
        prop_assert_eq!(value.as_str().unwrap(), meant.as_str());
        // If serde_json's strict parser accepts the string, the results are equal.
        if let Ok(strict) = serde_json::from_str::<Vec<String>>(&text) {
            prop_assert_eq!(&strict, &[meant]);
        }
    }

    #[test]
    fn any_bytes_end_in_a_value_or_an_error_inside(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut tape = Tape::default();
        if let Err(error) = tape.parse(&bytes) {
            prop_assert!(error.offset <= bytes.len());
            prop_assert!(error.to_string().is_ascii());
        }
    }

    #[test]
    fn text_of_json_s_own_bytes_is_accepted_if_serde_json_accepts_it(text in "[\\[\\]{}:,\"0-2eE.+a \\\\u-]{0,12}") {
        let strict = serde_json::from_str::<serde_json::Value>(&text);
        let mut tape = Tape::default();
        let own = tape.parse(text.as_bytes());
        // serde_json also refuses numbers beyond a double's range.
        let beyond = strict.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range"));
        prop_assert!(own.is_ok() == strict.is_ok() || beyond, "{:?} {:?}", own, strict);
    }
}
