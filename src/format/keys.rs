//! The keys of some records, kept so that a format can be ruled out without a look at the records.

use crate::format::json::{Kind, Value};

/// Words of 64 bits in a filter: enough for hundreds of keys.
const WORDS: usize = 64;

/// A Bloom filter (<https://doi.org/10.1145/362686.362692>) of the keys of some records and of all objects in them, with one
/// bit per key. It never denies a key that is there.
pub(super) struct Keys {
    bits: [u64; WORDS],
}

impl Keys {
    /// Whether one of the objects may have this key.
    pub(super) fn may_have(&self, key: &str) -> bool {
        let (word, bit) = place(key.as_bytes());
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn see(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Object => {
                for (key, inside) in value.members() {
                    let (word, bit) = place(key.as_str().as_bytes());
                    if let Some(bits) = self.bits.get_mut(word) {
                        *bits |= bit;
                    }
                    self.see(inside);
                }
            }
            Kind::Array if !value.is_flat() => value.elements().for_each(|inside| self.see(inside)),
            _ => {}
        }
    }
}

impl<'t> FromIterator<Value<'t>> for Keys {
    fn from_iter<I: IntoIterator<Item = Value<'t>>>(records: I) -> Self {
        let mut keys = Self { bits: [0; WORDS] };
        records.into_iter().for_each(|record| keys.see(record));
        keys
    }
}

/// The bit of a key: its word, and the bit in it.
fn place(key: &[u8]) -> (usize, u64) {
    // The multiplier is the one of FNV-1a. The low bits of a product depend on few bytes, the high ones on all.
    let hash = key
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = hash ^ (hash >> 32);
    ((mixed >> 6) as usize % WORDS, 1 << (mixed & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::Tape;

    fn keys(text: &str) -> Keys {
        let mut tape = Tape::default();
        [tape.parse(text.as_bytes()).unwrap()].into_iter().collect()
    }

    #[test]
    fn keys_are_found_at_any_depth_and_decoded() {
        let own = keys(r#"{"a": [[{"choices": {"b": []}}], 1], "log\u0070robs": [0.5]}"#);
        for key in ["a", "choices", "b", "logprobs"] {
            assert!(own.may_have(key), "{key}");
        }
        let absent = ["output", "response", "meta_info", "custom_id", "log_history", "step", "prompt", "delta"];
        assert!(!absent.iter().any(|key| own.may_have(key)));
    }

    #[test]
    fn many_keys_fill_the_filter_and_none_is_denied() {
        let members: Vec<String> = (0..5000).map(|at| format!("\"key{at}\": {at}")).collect();
        let own = keys(&format!("{{{}}}", members.join(", ")));
        assert!((0..5000).all(|at| own.may_have(&format!("key{at}"))));
    }
}
