//! `pars-vm overlay`: the certificate with which a validator is known in the overlay, made and shown.

use crate::clock::now_ms;
use crate::command::{OverlayCertify, OverlayCommand};
use anyhow::{Context as _, Result, bail, ensure};
use pars_overlay::bls::{SECRET_BYTES, SecretKey};
use pars_overlay::certificate::{Certificate, DAY_S};
use pars_overlay::identity::{IdentityError, read_certificate, write_certificate};
use pars_overlay::{Claim, TransportKey};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Runs one of them.
///
/// # Errors
/// What is wrong with a file.
pub fn run(command: &OverlayCommand) -> Result<ExitCode> {
    let now = now_ms() / 1_000;
    let text = match command {
        OverlayCommand::Certify(options) => certify(options, now)?,
        OverlayCommand::Show(options) => about(&read_certificate(&options.file)?, now),
    };
    write!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn certify(options: &OverlayCertify, now: u64) -> Result<String> {
    apart(options)?;
    let signer = read_signer(&options.signer_key)?;
    let key = TransportKey::open_or_make(&options.transport_key)?;
    let claim = Claim {
        chain: options.chain_id,
        node: options.node_id,
        transport_key: *key.public(),
        not_after: now + u64::from(options.days) * DAY_S,
    };
    let certificate = claim.sign(&signer, now)?;
    write_certificate(&options.out, &certificate)?;
    Ok(format!("{}signed by     0x{}\n", about(&certificate, now), hex(&signer.public_key().to_bytes())))
}

/// No key is written over, and the validator's is not used for anything else.
fn apart(options: &OverlayCertify) -> Result<()> {
    let OverlayCertify { signer_key, transport_key, out, .. } = options;
    for (one, other) in [(signer_key, transport_key), (signer_key, out), (transport_key, out)] {
        let same = one == other || one.canonicalize().ok().is_some_and(|one| other.canonicalize().ok() == Some(one));
        ensure!(!same, "{} is named twice: both keys and the certificate have a file each", one.display());
    }
    match read_certificate(out) {
        Ok(_) => Ok(()),
        Err(IdentityError::Io { cause, .. }) if cause.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => bail!("{error}: a certificate replaces nothing but another one; nothing was written"),
    }
}

/// Reads the validator's BLS key. No bytes of it are left behind, and none are in an error.
fn read_signer(path: &Path) -> Result<SecretKey> {
    let name = || path.display().to_string();
    // A byte more, so that a longer file is seen to be one.
    let mut bytes = Zeroizing::new([0; SECRET_BYTES + 1]);
    let mut file = File::open(path).with_context(name)?;
    let mut length = 0;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        let read = file.read(rest).with_context(name)?;
        length += read;
        if read == 0 {
            break;
        }
    }
    ensure!(
        length <= SECRET_BYTES,
        "{}: more than {SECRET_BYTES} bytes: a host's signer.key has exactly so many, without any text around them",
        path.display()
    );
    SecretKey::from_bytes(bytes.get(..length).unwrap_or_default()).with_context(name)
}

fn about(certificate: &Certificate, now: u64) -> String {
    let Claim { chain, node, transport_key, not_after } = certificate.claim();
    let holds = match not_after.checked_sub(now) {
        Some(left) => format!("for {} days more", left / DAY_S),
        None => "no longer".to_owned(),
    };
    format!(
        "node          {node}\nchain         {chain}\ntransport key {}\nholds until   {not_after} (Unix seconds), {holds}\n",
        hex(transport_key)
    )
}

fn hex(bytes: &[u8]) -> String {
    alloy_primitives::hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pars_host::Validator;
    use pars_overlay::Set;
    use std::fs;

    const NOW: u64 = 1_800_000_000;

    fn options(folder: &Path, days: u16) -> OverlayCertify {
        OverlayCertify {
            signer_key: folder.join("signer.key"),
            chain_id: [7; 32].into(),
            node_id: [8; 20].into(),
            transport_key: folder.join("transport.key"),
            days,
            out: folder.join("certificate"),
        }
    }

    #[test]
    fn a_certificate_is_made_and_shown() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), 30);
        fs::write(&options.signer_key, [1; 32]).unwrap();
        let text = certify(&options, NOW).unwrap();
        let signer = SecretKey::from_bytes(&[1; 32]).unwrap().public_key();
        let certificate = read_certificate(&options.out).unwrap();
        let public_key = signer.to_long_bytes().to_vec().into();
        let set = Set::of(&[Validator { node: options.node_id, weight: 1, public_key }]);
        let proven = certificate.verify(&set, options.chain_id, NOW).unwrap();
        assert_eq!(proven.not_after, NOW + 30 * 86_400);
        let key = TransportKey::open(&options.transport_key).unwrap();
        assert_eq!(certificate.claim().transport_key, *key.public());
        let (node, chain) = (options.node_id.to_string(), options.chain_id.to_string());
        for words in [&node, &chain, &hex(key.public()), &hex(&signer.to_bytes()), &"for 30 days more".to_owned()] {
            assert!(text.contains(words.as_str()), "{text}");
        }
        assert!(text.starts_with(&about(&certificate, NOW)));
        assert!(about(&certificate, NOW + 31 * 86_400).contains("no longer"));
        // Again: with the same key, in the place of the first.
        certify(&options, NOW + 86_400).unwrap();
        let again = read_certificate(&options.out).unwrap();
        assert_eq!(again.claim().transport_key, *key.public());
        assert_eq!(again.claim().not_after, NOW + 31 * 86_400);
    }

    #[test]
    fn nothing_else_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let good = options(folder.path(), 30);
        fs::write(&good.signer_key, [1; 32]).unwrap();
        fs::write(folder.path().join("other"), [5; 100]).unwrap();
        std::os::unix::fs::symlink(&good.signer_key, folder.path().join("link")).unwrap();
        let named = |signer: &str, transport: &str, out: &str| {
            let [signer_key, transport_key, out] = [signer, transport, out].map(|name| folder.path().join(name));
            OverlayCertify { signer_key, transport_key, out, ..options(folder.path(), 30) }
        };
        for (options, words) in [
            (named("signer.key", "transport.key", "signer.key"), "named twice"),
            (named("signer.key", "transport.key", "transport.key"), "named twice"),
            (named("signer.key", "signer.key", "certificate"), "named twice"),
            (named("signer.key", "transport.key", "link"), "named twice"),
            (named("signer.key", "link", "certificate"), "named twice"),
            (named("signer.key", "transport.key", "other"), "nothing was written"),
        ] {
            let error = certify(&options, NOW).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(fs::read(&good.signer_key).unwrap(), [1; 32]);
        assert_eq!(fs::read(folder.path().join("other")).unwrap(), [5; 100]);
        assert!(!good.transport_key.exists() && !good.out.exists());
    }

    #[test]
    fn signer_keys_that_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), 30);
        let error = |bytes: &[u8]| {
            fs::write(&options.signer_key, bytes).unwrap();
            format!("{:#}", certify(&options, NOW).unwrap_err())
        };
        for (bytes, words) in [
            (vec![], "a secret key of 0 bytes, expected 32"),
            (vec![1; 31], "a secret key of 31 bytes, expected 32"),
            (vec![1; 33], "more than 32 bytes"),
            (b"0x0101010101010101010101010101010101010101010101010101010101010101\n".to_vec(), "more than 32 bytes"),
            (vec![0; 32], "no secret key"),
            (vec![0xff; 32], "no secret key"),
        ] {
            let error = error(&bytes);
            assert!(error.contains(words) && error.contains("signer.key"), "{error}");
        }
        assert!(!options.transport_key.exists(), "nothing is made before");
        fs::remove_file(&options.signer_key).unwrap();
        assert!(format!("{:#}", certify(&options, NOW).unwrap_err()).contains("No such file"));
    }
}
