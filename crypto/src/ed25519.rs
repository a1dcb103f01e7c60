//! Ed25519 (RFC 8032, section 5.1.7), with everything that the rule leaves open decided, since a chain needs one
//! verdict:
//!
//! * the equation is the one without cofactor, `[s]B = R + [k]A`;
//! * points and s have one encoding;
//! * A and R of small order are refused: such keys "sign" almost any message. A component of small order is not refused.

mod aws_lc;
mod dalek;

use crate::ask::ask;
use std::fmt::Debug;

/// An implementation.
pub trait Backend: Debug + Sync {
    /// Its name, for tables.
    fn name(&self) -> &'static str;

    /// Whether a message was signed. The public key is the point A, the signature the point R and the number s, lowest
    /// byte first.
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// All implementations, the one in use first.
pub static BACKENDS: &[&dyn Backend] = &[&dalek::Dalek, &aws_lc::AwsLc];

/// The implementation in use, with feature `portable` and without it: it is Rust. The other one is there to compare with,
/// and to fall back on.
#[must_use]
pub fn chosen() -> &'static dyn Backend {
    &dalek::Dalek
}

/// [`Backend::verify`] of the implementation in use.
#[must_use]
pub fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    ask(chosen(), BACKENDS, |backend| backend.verify(public_key, message, signature))
}

/// Whether y, which is all but the highest bit, is below p = 2²⁵⁵ − 19. Libraries reduce it, and differ in whether they
/// do. The other second encoding, the sign of x = 0, occurs at points of small order only.
fn is_canonical(point: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = point;
    *lowest < 0xed || highest & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn y_is_below_p() {
        // p, lowest byte first.
        let mut y = [0xff; 32];
        (y[0], y[31]) = (0xed, 0x7f);
        assert!(!is_canonical(&y));
        y[31] = 0xff;
        assert!(!is_canonical(&y), "with the sign of x");
        y[0] = 0xec;
        assert!(is_canonical(&y));
        y[0] = 0xff;
        assert!(!is_canonical(&y));
        for byte in 1..32 {
            y[byte] &= 0xfe;
            assert!(is_canonical(&y));
            y[byte] |= 1;
        }
        assert!(is_canonical(&[0; 32]));
    }
}
