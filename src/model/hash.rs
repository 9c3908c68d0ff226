//! Hashes that are the same on every machine and in every version, for what is stored and merged.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// A hash with fixed keys. Unlike the standard library's, integers enter in one byte order and lengths in 64 bits.
#[derive(Clone, Debug)]
pub struct StableHasher(SipHasher13);

impl Default for StableHasher {
    fn default() -> Self {
        // "retally", in two halves: any fixed keys do, since nothing here resists an attacker who picks ids.
        Self(SipHasher13::new_with_keys(0x7265_7461, 0x006c_6c79))
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.0.write(&[value]);
    }

    fn write_u16(&mut self, value: u16) {
        self.0.write(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        self.0.write(&value.to_le_bytes());
    }

    fn write_u64(&mut self, value: u64) {
        self.0.write(&value.to_le_bytes());
    }

    fn write_usize(&mut self, value: usize) {
        self.0.write(&(value as u64).to_le_bytes());
    }

    fn write_i64(&mut self, value: i64) {
        self.0.write(&value.to_le_bytes());
    }
}

/// The hash of one value.
#[must_use]
pub fn stable_hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_same_everywhere() {
        assert_eq!(stable_hash("q0"), stable_hash(&String::from("q0")));
        assert_eq!(stable_hash(&("q0", Some("a"))), 1_045_522_338_954_625_092);
        assert_eq!(stable_hash(&7_u64), 12_315_969_109_501_759_076);
        assert_ne!(stable_hash(&("ab", "c")), stable_hash(&("a", "bc")));
    }
}
