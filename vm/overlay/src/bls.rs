//! BLS12-381 as the host's validators have it: public keys in G1, signatures in G2, both checked to be in their groups.

use blst::BLST_ERROR;
use blst::min_pk;
use std::fmt;

/// What the overlay's signatures are for. No other use of a validator's key has this tag, so no signature serves twice.
pub const DOMAIN: &[u8] = b"PARS_OVERLAY_BLS12381G2_XMD:SHA-256_SSWU_RO_V1_";

/// Bytes of a secret key.
pub const SECRET_BYTES: usize = 32;
/// Bytes of a public key, compressed.
pub const PUBLIC_BYTES: usize = 48;
/// Bytes of a public key, not compressed.
pub const PUBLIC_LONG_BYTES: usize = 96;
/// Bytes of a signature, compressed.
pub const SIGNATURE_BYTES: usize = 96;

/// A validator's secret key. It is wiped when it goes.
pub struct SecretKey(min_pk::SecretKey);

/// A validator's public key: a point of the group, and not its zero.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(min_pk::PublicKey);

/// Why bytes are no key. The bytes themselves are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Wrong number of bytes for a secret key.
    #[error("a secret key of {0} bytes, expected {SECRET_BYTES}")]
    SecretLength(usize),
    /// Zero, or not below the order of the group.
    #[error("these 32 bytes are no secret key: it is a number from 1 to the order of the group, highest byte first")]
    Secret,
    /// Wrong number of bytes for a public key.
    #[error("a public key of {0} bytes, expected {PUBLIC_BYTES} or {PUBLIC_LONG_BYTES}")]
    PublicLength(usize),
    /// Not a point of the group, or its zero.
    #[error("these bytes are no public key: no point of the group, or its zero")]
    Public,
}

impl SecretKey {
    /// Reads a key as hosts keep it in `signer.key`: a number of 32 bytes, highest first.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != SECRET_BYTES {
            return Err(KeyError::SecretLength(bytes.len()));
        }
        min_pk::SecretKey::from_bytes(bytes).map(Self).map_err(|_| KeyError::Secret)
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.sk_to_pk())
    }

    /// Signs for the overlay.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message, DOMAIN, &[]).compress()
    }
}

impl PublicKey {
    /// Reads a key of 48 bytes, or of 96 where it is not compressed.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if ![PUBLIC_BYTES, PUBLIC_LONG_BYTES].contains(&bytes.len()) {
            return Err(KeyError::PublicLength(bytes.len()));
        }
        min_pk::PublicKey::key_validate(bytes).map(Self).map_err(|_| KeyError::Public)
    }

    /// 48 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PUBLIC_BYTES] {
        self.0.compress()
    }

    /// 96 bytes.
    #[must_use]
    pub fn to_long_bytes(&self) -> [u8; PUBLIC_LONG_BYTES] {
        self.0.serialize()
    }

    /// Whether this key signed the message, for the overlay.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let Ok(signature) = min_pk::Signature::uncompress(signature) else { return false };
        // The key was checked when it was read.
        signature.verify(true, message, DOMAIN, &[], &self.0, false) == BLST_ERROR::BLST_SUCCESS
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Order of the group, highest byte first.
    const ORDER: [u8; 32] = [
        0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd,
        0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
    ];

    fn one() -> SecretKey {
        let mut bytes = [0; 32];
        bytes[31] = 1;
        SecretKey::from_bytes(&bytes).unwrap()
    }

    #[test]
    fn secret_keys_that_are_none() {
        for length in [0, 31, 33, 64] {
            assert_eq!(SecretKey::from_bytes(&vec![1; length]).unwrap_err(), KeyError::SecretLength(length));
        }
        for bytes in [[0; 32], ORDER, [0xff; 32]] {
            assert_eq!(SecretKey::from_bytes(&bytes).unwrap_err(), KeyError::Secret);
        }
        let mut last = ORDER;
        last[31] = 0;
        assert!(SecretKey::from_bytes(&last).is_ok());
        assert_eq!(format!("{:?}", one()), "SecretKey");
    }

    #[test]
    fn public_keys_that_are_none() {
        let key = one().public_key();
        // The generator of G1.
        assert_eq!(key.to_bytes()[..4], [0x97, 0xf1, 0xd3, 0xa7]);
        assert_eq!(PublicKey::from_bytes(&key.to_bytes()), Ok(key.clone()));
        assert_eq!(PublicKey::from_bytes(&key.to_long_bytes()), Ok(key.clone()));
        assert_eq!(PublicKey::from_bytes(&[0; 47]), Err(KeyError::PublicLength(47)));
        let mut zero = [0; 48];
        zero[0] = 0xc0;
        assert_eq!(PublicKey::from_bytes(&zero), Err(KeyError::Public), "zero of the group");
        let mut zero = [0; 96];
        zero[0] = 0x40;
        assert_eq!(PublicKey::from_bytes(&zero), Err(KeyError::Public), "zero of the group, long");
        // x = 4 is on the curve, and not in the group.
        let mut stray = [0; 48];
        (stray[0], stray[47]) = (0x80, 4);
        assert!(min_pk::PublicKey::from_bytes(&stray).is_ok(), "on the curve");
        assert_eq!(PublicKey::from_bytes(&stray), Err(KeyError::Public), "outside the group");
        let mut off = key.to_long_bytes();
        off[95] ^= 1;
        assert_eq!(PublicKey::from_bytes(&off), Err(KeyError::Public), "off the curve");
    }

    #[test]
    fn signatures_that_are_none() {
        let (secret, message) = (one(), b"message");
        let (key, signature) = (secret.public_key(), secret.sign(message));
        assert!(key.verifies(message, &signature));
        assert!(!key.verifies(b"another", &signature));
        assert!(!key.verifies(message, &[0; 96]));
        let mut zero = [0; 96];
        zero[0] = 0xc0;
        assert!(!key.verifies(message, &zero), "zero of the group");
        // Signed by the same key for something else.
        let foreign = secret.0.sign(message, b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_", &[]).compress();
        assert!(!key.verifies(message, &foreign));
    }
}
