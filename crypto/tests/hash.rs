//! SHAKE256 through both implementations: a known answer, and the same bytes however long input, parts and output are.

use pars_crypto::hash::{BACKENDS, chosen, shake256};

/// What FIPS 202 makes of nothing.
const OF_NOTHING: [u8; 32] = [
    0x46, 0xb9, 0xdd, 0x2b, 0x0b, 0xa8, 0x8d, 0x13, 0x23, 0x3b, 0x3f, 0xeb, 0x74, 0x3e, 0xeb, 0x24, 0x3f, 0xcd, 0x52,
    0xea, 0x62, 0xb8, 0x1b, 0x82, 0xb5, 0x0c, 0x27, 0x64, 0x6e, 0xd5, 0x76, 0x2f,
];

/// Bytes that are taken in, and given out, at a time.
const RATE: usize = 136;

#[test]
fn known_answer() {
    for backend in BACKENDS {
        let mut out = [0xff; 32];
        backend.shake256(&[], &mut out);
        assert_eq!(out, OF_NOTHING, "{}", backend.name());
    }
    assert_eq!(shake256(&[b"", b""]), OF_NOTHING, "{}", chosen().name());
}

#[test]
fn implementations_agree() {
    let bytes: Vec<u8> = (0..=250).cycle().take(4 * RATE).collect();
    for length in (0..=3 * RATE).chain([4 * RATE]) {
        let whole = &bytes[..length];
        let (first, rest) = whole.split_at(length / 3);
        for out_bytes in [0, 1, 32, RATE, RATE + 1, 3 * RATE] {
            let answers: Vec<Vec<u8>> = BACKENDS
                .iter()
                .flat_map(|backend| {
                    [&[whole][..], &[first, &[], rest]].map(|parts| {
                        let mut out = vec![0xff; out_bytes];
                        backend.shake256(parts, &mut out);
                        out
                    })
                })
                .collect();
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{length} {out_bytes}");
        }
    }
}
