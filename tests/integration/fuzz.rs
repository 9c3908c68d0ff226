//! The targets of `fuzz/` over their corpora, and over some mutations of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{entries, root};

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a library of its own for cargo-fuzz")]
mod targets;

/// Mutations per file, the same in every run.
const MUTATIONS: u64 = 12;

/// The bytes of a file with a mutation: truncated, bytes flipped, a part duplicated or moved.
fn mutated(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below.max(1)
    };
    let mut mutated = bytes.to_vec();
    if mutated.is_empty() {
        return mutated;
    }
    match seed % 4 {
        0 => mutated.truncate(random(bytes.len())),
        1 => {
            for _ in 0..=random(4) {
                let at = random(mutated.len());
                mutated[at] ^= 1 << random(8);
            }
        }
        2 => {
            let (from, to) = (random(bytes.len()), random(bytes.len()));
            let part = &bytes[from.min(to)..from.max(to)];
            let at = random(bytes.len());
            mutated.splice(at..at, part.iter().copied());
        }
        _ => {
            let at = random(mutated.len());
            let with = [&b"\xff"[..], b"\"", b"NaN", b"1e999", b"[[[[", b"}", b"\r\n", b"\0", b"-", b"\xe2\x80\xae"];
            mutated.splice(at..at, with[random(with.len())].iter().copied());
        }
    }
    mutated
}

#[test]
fn every_target_holds_over_its_corpus() {
    let mut broken = Vec::new();
    for (name, target) in targets::TARGETS {
        let files = entries(&root().join("fuzz/corpus").join(name));
        assert!(files.len() >= 3, "{name}");
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            for seed in 0..=MUTATIONS {
                let bytes = if seed == 0 { bytes.clone() } else { mutated(&bytes, seed) };
                if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                    broken.push(format!("{} seed {seed}: {:?}", file.display(), String::from_utf8_lossy(&bytes)));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_target_is_one_of_cargo_fuzz() {
    let written = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in targets::TARGETS {
        assert!(written.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
        let body = std::fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(body.contains(&format!("retally_fuzz::{name}(data)")), "{name}");
    }
    assert_eq!(entries(&root().join("fuzz/fuzz_targets")).len(), targets::TARGETS.len());
}
