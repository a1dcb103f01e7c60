//! [`Refusal`]: why a connection is refused or ended. Each has a code, which the other side is told.

use std::fmt;

/// Why a connection is refused or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter)]
pub enum Refusal {
    /// It said something that is no message, or not the one that was due.
    Malformed,
    /// No certificate, or no welcome, in time.
    Silent,
    /// The certificate is for another chain.
    OtherChain,
    /// The certificate is for another transport key than the connection's.
    OtherKey,
    /// The certificate is over.
    Expired,
    /// The certificate holds longer than any may.
    TooLong,
    /// The node does not validate, or has no BLS key there.
    Outsider,
    /// The validator's key did not sign the certificate.
    Signature,
    /// It is this node itself.
    Myself,
    /// The node has as many connections as one may have, or all together have.
    TooMany,
    /// It is not known yet who validates.
    Unready,
    /// There is a better connection with the same node.
    Duplicate,
    /// This node stops.
    Stopping,
}

/// Every reason once, with its code on the wire and its words.
pub const TABLE: [(Refusal, u32, &str); 13] = [
    (Refusal::Stopping, 0, "it stops"),
    (Refusal::Malformed, 1, "a malformed message"),
    (Refusal::Silent, 2, "no certificate in time"),
    (Refusal::OtherChain, 3, "a certificate of another chain"),
    (Refusal::OtherKey, 4, "a certificate of another transport key"),
    (Refusal::Expired, 5, "an expired certificate"),
    (Refusal::TooLong, 6, "a certificate that holds for more than a year"),
    (Refusal::Outsider, 7, "no validator with a BLS key"),
    (Refusal::Signature, 8, "a certificate that the validator did not sign"),
    (Refusal::Myself, 9, "the node itself"),
    (Refusal::TooMany, 10, "too many connections"),
    (Refusal::Unready, 11, "the validators are not known yet"),
    (Refusal::Duplicate, 12, "another connection serves"),
];

impl Refusal {
    /// Its number on the wire.
    #[must_use]
    pub fn code(self) -> u32 {
        self.row().1
    }

    /// The reason with this number, if there is one.
    #[must_use]
    pub fn of_code(code: u64) -> Option<Self> {
        TABLE.iter().find(|(_, number, _)| u64::from(*number) == code).map(|(refusal, ..)| *refusal)
    }

    fn row(self) -> &'static (Self, u32, &'static str) {
        // The test below looks for every one of them.
        TABLE.iter().find(|(refusal, ..)| *refusal == self).unwrap_or(&TABLE[0])
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use strum::IntoEnumIterator as _;

    #[test]
    fn each_has_a_row_and_a_number_of_its_own() {
        let all: BTreeSet<_> = Refusal::iter().collect();
        let reasons: BTreeSet<_> = TABLE.iter().map(|row| row.0).collect();
        let codes: BTreeSet<_> = TABLE.iter().map(|row| row.1).collect();
        assert_eq!(reasons, all);
        assert_eq!((TABLE.len(), codes.len()), (all.len(), all.len()));
        for refusal in all {
            assert_eq!(Refusal::of_code(refusal.code().into()), Some(refusal));
        }
        assert_eq!(Refusal::of_code(13), None);
        assert_eq!(Refusal::of_code(u64::MAX), None);
    }
}
