//! [`Identity`]: this node's transport key and its certificate, in a file each.
//!
//! The file of the key has 32 bytes, the seed of an Ed25519 key, and may be read by its owner alone. The file of the
//! certificate has the bytes of [`Certificate`]. Both come into being whole or not at all.

use crate::certificate::{CERTIFICATE_BYTES, Certificate, CertificateError, TRANSPORT_KEY_BYTES};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_lc_rs::{hmac, rand};
use std::fmt;
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A transport key. It is wiped when it goes.
pub struct TransportKey {
    seed: Zeroizing<[u8; SEED_BYTES]>,
    public: [u8; TRANSPORT_KEY_BYTES],
}

/// A transport key with the certificate that names it.
#[derive(Debug)]
pub struct Identity {
    key: TransportKey,
    certificate: Certificate,
}

/// Why there is no identity. No bytes of keys are in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The system.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Others may read the key.
    #[error("{}: others may read this key (mode {mode:o}): chmod 600, and make a new one if they did", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file has another length.
    #[error("{}: a transport key has {SEED_BYTES} bytes, the file has {got}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        got: u64,
    },
    /// The file holds no certificate.
    #[error("{}: {cause}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: CertificateError,
    },
    /// The certificate names another key.
    #[error("the certificate is for another transport key: make it anew for this one")]
    OtherKey,
    /// The library refuses the seed, or the system gives no chance.
    #[error("no transport key could be made")]
    Unspecified,
}

const SEED_BYTES: usize = 32;

impl TransportKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no chance.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        rand::fill(seed.as_mut_slice()).map_err(|_| IdentityError::Unspecified)?;
        Self::of(seed)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is none, or others may read it too.
    pub fn open(path: &Path) -> Result<Self, IdentityError> {
        let io = |cause| IdentityError::Io { path: path.to_owned(), cause };
        let mut file = open_file(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(IdentityError::Mode { path: path.to_owned(), mode });
        }
        if about.len() != u64::try_from(SEED_BYTES).unwrap_or(u64::MAX) {
            return Err(IdentityError::Length { path: path.to_owned(), got: about.len() });
        }
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        file.read_exact(seed.as_mut_slice()).map_err(io)?;
        Self::of(seed)
    }

    /// Reads a file, or makes it where there is none.
    ///
    /// # Errors
    /// As [`Self::open`], and when it cannot be made.
    pub fn open_or_make(path: &Path) -> Result<Self, IdentityError> {
        match Self::open(path) {
            Err(IdentityError::Io { cause, .. }) if cause.kind() == ErrorKind::NotFound => {}
            found => return found,
        }
        let made = Self::generate()?;
        // Where somebody else was faster, theirs stays.
        match write(path, made.seed.as_slice(), KEY_MODE, false) {
            Ok(()) => Ok(made),
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Self::open(path),
            Err(cause) => Err(IdentityError::Io { path: path.to_owned(), cause }),
        }
    }

    /// What others know it by.
    #[must_use]
    pub const fn public(&self) -> &[u8; TRANSPORT_KEY_BYTES] {
        &self.public
    }

    /// The key as TLS libraries read it: PKCS #8 in its first version (RFC 8410, section 7).
    pub(crate) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&PKCS8_BEGINNING[..], self.seed.as_slice()].concat())
    }

    /// A secret of this node that says nothing of the key.
    pub(crate) fn derived(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.seed.as_slice());
        let mut out = Zeroizing::new([0; 32]);
        out.iter_mut().zip(hmac::sign(&key, purpose).as_ref()).for_each(|(to, from)| *to = *from);
        out
    }

    fn of(seed: Zeroizing<[u8; SEED_BYTES]>) -> Result<Self, IdentityError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| IdentityError::Unspecified)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| IdentityError::Unspecified)?;
        Ok(Self { seed, public })
    }
}

impl Identity {
    /// A key and its certificate.
    ///
    /// # Errors
    /// When the certificate is for another key.
    pub fn new(key: TransportKey, certificate: Certificate) -> Result<Self, IdentityError> {
        if certificate.claim().transport_key != key.public {
            return Err(IdentityError::OtherKey);
        }
        Ok(Self { key, certificate })
    }

    /// Reads both files.
    ///
    /// # Errors
    /// When one of them cannot be read, is none, or they do not belong together.
    pub fn open(key: &Path, certificate: &Path) -> Result<Self, IdentityError> {
        Self::new(TransportKey::open(key)?, read_certificate(certificate)?)
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &TransportKey {
        &self.key
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// Opens a file that is one: a pipe under its name would keep whoever opens it for ever.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        return File::open(path);
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "no regular file"))
}

/// Reads the file of a certificate.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read_certificate(path: &Path) -> Result<Certificate, IdentityError> {
    let io = |cause| IdentityError::Io { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    // One byte more, so that a longer file is seen to be one.
    let most = u64::try_from(CERTIFICATE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    open_file(path).map_err(io)?.take(most).read_to_end(&mut bytes).map_err(io)?;
    Certificate::decode(&bytes).map_err(|cause| IdentityError::Certificate { path: path.to_owned(), cause })
}

/// Writes the file of a certificate, in the place of an earlier one.
///
/// # Errors
/// When it cannot be written.
pub fn write_certificate(path: &Path, certificate: &Certificate) -> Result<(), IdentityError> {
    let written = write(path, &certificate.encode(), CERTIFICATE_MODE, true);
    written.map_err(|cause| IdentityError::Io { path: path.to_owned(), cause })
}

/// Writes a file that has its name when it is whole and on the disk.
fn write(path: &Path, bytes: &[u8], mode: u32, replace: bool) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    // It is made with a mode that lets nobody else in.
    let mut file = tempfile::Builder::new().prefix(".pars-").tempfile_in(folder)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if replace { file.persist(path) } else { file.persist_noclobber(path) }.map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

impl fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportKey")
    }
}

const KEY_MODE: u32 = 0o600;
const CERTIFICATE_MODE: u32 = 0o644;

/// `SEQUENCE { 0, SEQUENCE { 1.3.101.112 }, OCTET STRING { OCTET STRING {` of a seed.
const PKCS8_BEGINNING: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bls::SecretKey;
    use crate::certificate::Claim;
    use std::fs;

    fn certificate(transport_key: [u8; 32]) -> Certificate {
        let claim = Claim { chain: [1; 32].into(), node: [2; 20].into(), transport_key, not_after: 100 };
        claim.sign(&SecretKey::from_bytes(&[3; 32]).unwrap(), 1).unwrap()
    }

    /// RFC 8032, section 7.1, test 1.
    #[test]
    fn a_known_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transport.key");
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        write(&path, &seed, KEY_MODE, false).unwrap();
        let key = TransportKey::open(&path).unwrap();
        assert_eq!(key.public()[..8], [0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7]);
        assert_eq!(Ed25519KeyPair::from_pkcs8(&key.pkcs8()).unwrap().public_key().as_ref(), key.public());
        assert_eq!(format!("{key:?}"), "TransportKey");
        assert_ne!(key.derived(b"a"), key.derived(b"b"));
    }

    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transport.key");
        let made = TransportKey::open_or_make(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = TransportKey::open_or_make(&path).unwrap();
        assert_eq!(made.public(), again.public());
        assert_ne!(made.public(), TransportKey::generate().unwrap().public());
        let already = write(&path, &[0; 32], KEY_MODE, false).unwrap_err();
        assert_eq!(already.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn files_that_are_no_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transport.key");
        for bytes in [&[][..], &[1; 31], &[1; 33], &[1; 64]] {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let error = TransportKey::open_or_make(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("has 32 bytes, the file has {}", bytes.len())), "{error}");
        }
        fs::write(&path, [1; 32]).unwrap();
        for mode in [0o640, 0o604, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = TransportKey::open(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("mode {mode:o}")), "{error}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(TransportKey::open(&path).is_ok());
        for special in ["/dev/null", "/"] {
            let error = TransportKey::open(Path::new(special)).unwrap_err().to_string();
            assert_eq!(error, format!("{special}: no regular file"));
        }
        let absent = TransportKey::open_or_make(&folder.path().join("none").join("transport.key"));
        assert!(matches!(absent, Err(IdentityError::Io { .. })));
    }

    #[test]
    fn an_identity_is_two_files_that_belong_together() {
        let folder = tempfile::tempdir().unwrap();
        let (key_path, path) = (folder.path().join("transport.key"), folder.path().join("certificate"));
        let key = TransportKey::open_or_make(&key_path).unwrap();
        write_certificate(&path, &certificate([9; 32])).unwrap();
        assert!(matches!(Identity::open(&key_path, &path), Err(IdentityError::OtherKey)));
        let right = certificate(*key.public());
        write_certificate(&path, &right).unwrap();
        let identity = Identity::open(&key_path, &path).unwrap();
        assert_eq!((identity.certificate(), identity.key().public()), (&right, key.public()));
        for length in [0, CERTIFICATE_BYTES - 1, CERTIFICATE_BYTES + 1] {
            let mut bytes = right.encode().to_vec();
            bytes.resize(length, 0);
            fs::write(&path, bytes).unwrap();
            let error = read_certificate(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("a certificate of {length} bytes")), "{error}");
        }
    }
}
