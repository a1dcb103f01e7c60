//! [`Certificate`]: a validator says with its BLS key that a transport key is its own.
//!
//! | byte | length | what |
//! |---|---|---|
//! | 0 | 2 | version, 1 |
//! | 2 | 32 | chain |
//! | 34 | 20 | node |
//! | 54 | 32 | transport key, Ed25519 |
//! | 86 | 8 | last second in which it holds, Unix time |
//! | 94 | 96 | BLS signature over all bytes before, with the tag [`DOMAIN`](crate::bls::DOMAIN) |
//!
//! Numbers have their highest byte first. A certificate has exactly this length and one form.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::bls::{PublicKey, SIGNATURE_BYTES, SecretKey};
use crate::refusal::Refusal;
use crate::set::Set;
use pars_host::{Id, NodeId};

/// The version that is made and read.
pub const VERSION: u16 = 1;
/// Bytes of a certificate.
pub const CERTIFICATE_BYTES: usize = CLAIM_BYTES + SIGNATURE_BYTES;
/// Bytes of a transport key.
pub const TRANSPORT_KEY_BYTES: usize = 32;
/// A certificate holds for a year at most. A day more is forgiven: clocks differ.
pub const VALID_MAX_S: u64 = 366 * DAY_S;
/// Seconds of a day.
pub const DAY_S: u64 = 86_400;

const CLAIM_BYTES: usize = 94;

/// What a certificate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// On this chain …
    pub chain: Id,
    /// … this validator …
    pub node: NodeId,
    /// … has this Ed25519 key …
    pub transport_key: [u8; TRANSPORT_KEY_BYTES],
    /// … up to and with this second, Unix time.
    pub not_after: u64,
}

/// A claim and the validator's signature, which may be anybody's until [`Certificate::verify`] has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    claim: Claim,
    signature: [u8; SIGNATURE_BYTES],
}

/// Why bytes are no certificate, or why none can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Wrong number of bytes.
    #[error("a certificate of {0} bytes, expected {CERTIFICATE_BYTES}")]
    Length(usize),
    /// Another version.
    #[error("a certificate of version {0}, this release knows {VERSION}")]
    Version(u16),
    /// It would hold too long, or not at all.
    #[error("a certificate that ends at {not_after} cannot be made at {now}: it holds from one second to 366 days")]
    Time {
        /// When it would end, Unix seconds.
        not_after: u64,
        /// When it would be made, Unix seconds.
        now: u64,
    },
}

/// A validator that has shown that a transport key is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The validator.
    pub node: NodeId,
    /// Its BLS key.
    pub key: PublicKey,
    /// The last second in which that holds, Unix time.
    pub not_after: u64,
}

impl Claim {
    /// Signs it with the validator's key.
    ///
    /// # Errors
    /// When it would hold for more than [`VALID_MAX_S`] from now on, or is over.
    pub fn sign(self, secret: &SecretKey, now: u64) -> Result<Certificate, CertificateError> {
        if self.not_after <= now || self.not_after.saturating_sub(now) > VALID_MAX_S {
            return Err(CertificateError::Time { not_after: self.not_after, now });
        }
        Ok(Certificate { claim: self, signature: secret.sign(&self.encode()) })
    }

    fn encode(&self) -> [u8; CLAIM_BYTES] {
        let parts: [&[u8]; 5] = [
            &VERSION.to_be_bytes(),
            self.chain.as_bytes(),
            self.node.as_bytes(),
            &self.transport_key,
            &self.not_after.to_be_bytes(),
        ];
        let mut bytes = [0; CLAIM_BYTES];
        bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        bytes
    }
}

impl Certificate {
    /// What it says, whoever signed it.
    #[must_use]
    pub const fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; CERTIFICATE_BYTES] {
        let mut bytes = [0; CERTIFICATE_BYTES];
        let parts = self.claim.encode().into_iter().chain(self.signature);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    /// Reads the bytes. The signature is not looked at.
    ///
    /// # Errors
    /// When they are no certificate.
    pub fn decode(bytes: &[u8]) -> Result<Self, CertificateError> {
        let length = CertificateError::Length(bytes.len());
        let Ok(whole) = <&[u8; CERTIFICATE_BYTES]>::try_from(bytes) else { return Err(length) };
        let mut rest = whole.as_slice();
        let version = u16::from_be_bytes(take(&mut rest).ok_or(length)?);
        if version != VERSION {
            return Err(CertificateError::Version(version));
        }
        let claim = Claim {
            chain: take(&mut rest).ok_or(length)?.into(),
            node: take(&mut rest).ok_or(length)?.into(),
            transport_key: take(&mut rest).ok_or(length)?,
            not_after: u64::from_be_bytes(take(&mut rest).ok_or(length)?),
        };
        Ok(Self { claim, signature: take(&mut rest).ok_or(length)? })
    }

    /// Who has the transport key. What is cheap to check comes before the signature.
    ///
    /// # Errors
    /// Why the certificate proves nothing here and now.
    pub fn verify(&self, set: &Set, chain: Id, now: u64) -> Result<Proven, Refusal> {
        let Claim { node, not_after, .. } = self.claim;
        self.check(chain, now)?;
        let key = set.key(node).ok_or(Refusal::Outsider)?;
        if !self.is_signed_by(key) {
            return Err(Refusal::Signature);
        }
        Ok(Proven { node, key: key.clone(), not_after })
    }

    /// What can be said without knowing who validates: the chain and the time.
    ///
    /// # Errors
    /// Another chain, or another time.
    pub fn check(&self, chain: Id, now: u64) -> Result<(), Refusal> {
        if self.claim.chain != chain {
            return Err(Refusal::OtherChain);
        }
        if self.claim.not_after < now {
            return Err(Refusal::Expired);
        }
        if self.claim.not_after.saturating_sub(now) > VALID_MAX_S {
            return Err(Refusal::TooLong);
        }
        Ok(())
    }

    /// Whether this BLS key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.claim.encode(), &self.signature)
    }
}

/// The next bytes, which are then no longer among the rest.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use pars_host::Validator;

    const NOW: u64 = 1_790_000_000;
    const CHAIN: [u8; 32] = [0xc1; 32];

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn secret(first: u8) -> SecretKey {
        let bytes: Vec<u8> = (first..).take(32).collect();
        SecretKey::from_bytes(&bytes).unwrap()
    }

    fn claim() -> Claim {
        let transport_key: Vec<u8> = (0x20..0x40).collect();
        Claim {
            chain: CHAIN.into(),
            node: [0x0d; 20].into(),
            transport_key: transport_key.try_into().unwrap(),
            not_after: 1_800_000_000,
        }
    }

    fn set(node: u8, secret: &SecretKey) -> Set {
        let public_key = Bytes::copy_from_slice(&secret.public_key().to_long_bytes());
        Set::of(&[Validator { node: [node; 20].into(), weight: 1, public_key }])
    }

    /// Made with py_ecc 8.0.0, which shares no code with blst: `hash_to_G2` of the first 94 bytes with the overlay's tag and
    /// SHA-256, times the secret key `01 02 … 20`, compressed.
    const KNOWN: &str = "0001c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c10d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d\
         0d0d0d0d202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f000000006b49d200\
         8281741a71d2ac9399915f9ccc9c34d21add97257b0ff3b03b7672d69c1cdb7a2cf959d2309942dfc17c80c7\
         2387399a11d35127586fd3e55852c0981931eb947a3ff74dd07a454d38b5a13f19d94e91b37b98fd01141573\
         6fffb7e0b23cdb77";
    const KNOWN_KEY: &str =
        "96a20bb9485ff6d8950955a629e8043a43775968ac133eb7b19c5f0389a2253676abdd6c86c7b68d38a1b7f6af8650e7";

    #[test]
    fn a_certificate_that_another_library_made() {
        let secret = secret(1);
        assert_eq!(secret.public_key().to_bytes().to_vec(), hex(KNOWN_KEY));
        let made = claim().sign(&secret, NOW).unwrap();
        assert_eq!(made.encode().to_vec(), hex(KNOWN));
        let read = Certificate::decode(&hex(KNOWN)).unwrap();
        assert_eq!(read, made);
        let proven = read.verify(&set(0x0d, &secret), CHAIN.into(), NOW).unwrap();
        assert_eq!(proven, Proven { node: [0x0d; 20].into(), key: secret.public_key(), not_after: 1_800_000_000 });
    }

    #[test]
    fn malformed_certificates() {
        let good = hex(KNOWN);
        for length in [0, 1, 2, 94, 189, 191, 380] {
            let mut bytes = good.clone();
            bytes.resize(length, 0);
            assert_eq!(Certificate::decode(&bytes), Err(CertificateError::Length(length)));
        }
        for (version, bytes) in [(0, [0, 0]), (2, [0, 2]), (257, [1, 1])] {
            let bytes = [&bytes[..], &good[2..]].concat();
            assert_eq!(Certificate::decode(&bytes), Err(CertificateError::Version(version)));
        }
    }

    #[test]
    fn whatever_is_changed_proves_nothing() {
        let (good, set) = (hex(KNOWN), set(0x0d, &secret(1)));
        for at in 2..CERTIFICATE_BYTES {
            for bit in [0x01, 0x80] {
                let mut bytes = good.clone();
                bytes[at] ^= bit;
                let read = Certificate::decode(&bytes).unwrap();
                assert_eq!(read.encode().to_vec(), bytes);
                assert!(read.verify(&set, CHAIN.into(), NOW).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn every_refusal() {
        let (one, two) = (secret(1), secret(2));
        let good = claim().sign(&one, NOW).unwrap();
        let known = set(0x0d, &one);
        let last = claim().not_after;
        let keyless = Set::of(&[Validator { node: [0x0d; 20].into(), weight: 1, public_key: Bytes::new() }]);
        for (what, set, chain, now, expected) in [
            ("good", &known, CHAIN, NOW, None),
            ("its last second", &known, CHAIN, last, None),
            ("over", &known, CHAIN, last + 1, Some(Refusal::Expired)),
            ("as far ahead as may be", &known, CHAIN, last - VALID_MAX_S, None),
            ("too far ahead", &known, CHAIN, last - VALID_MAX_S - 1, Some(Refusal::TooLong)),
            ("another chain", &known, [0xc2; 32], NOW, Some(Refusal::OtherChain)),
            ("nobody validates", &Set::default(), CHAIN, NOW, Some(Refusal::Outsider)),
            ("another node validates", &set(0x0e, &one), CHAIN, NOW, Some(Refusal::Outsider)),
            ("a validator without a key", &keyless, CHAIN, NOW, Some(Refusal::Outsider)),
            ("another key", &set(0x0d, &two), CHAIN, NOW, Some(Refusal::Signature)),
        ] {
            assert_eq!(good.verify(set, chain.into(), now).err(), expected, "{what}");
        }
        let strange = Certificate { signature: [0; 96], ..good };
        assert_eq!(strange.verify(&known, CHAIN.into(), NOW), Err(Refusal::Signature));
    }

    #[test]
    fn certificates_that_are_not_made() {
        for (not_after, made) in
            [(0, false), (NOW, false), (NOW + 1, true), (NOW + VALID_MAX_S, true), (NOW + VALID_MAX_S + 1, false)]
        {
            let result = Claim { not_after, ..claim() }.sign(&secret(1), NOW);
            let time = CertificateError::Time { not_after, now: NOW };
            assert_eq!(result.err(), (!made).then_some(time), "{not_after}");
        }
    }
}
