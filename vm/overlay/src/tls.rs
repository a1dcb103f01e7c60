//! TLS of a connection: version 1.3, both sides show an Ed25519 key without anything around it (RFC 7250), and the keys of
//! the connection are agreed by X25519MLKEM768 alone.
//!
//! Whoever has any Ed25519 key gets through here. Whose it is, the certificate says afterwards.

use crate::certificate::TRANSPORT_KEY_BYTES;
use crate::identity::TransportKey;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, ServerConfig,
    SignatureScheme,
};
use std::any::Any;
use std::sync::Arc;

/// The protocol on top, with its version.
pub const PROTOCOL: &[u8] = b"pars-overlay/1";

/// TLS of a connection that this node dials.
///
/// # Errors
/// When the library refuses the key.
pub fn client(key: &TransportKey) -> Result<ClientConfig, Error> {
    let provider = Arc::new(provider());
    let resolver = AlwaysResolvesClientRawPublicKeys::new(certified(key)?);
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyKey::of(&provider)))
        .with_client_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.enable_sni = false;
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// TLS of a connection that another dials.
///
/// # Errors
/// When the library refuses the key.
pub fn server(key: &TransportKey) -> Result<ServerConfig, Error> {
    let provider = Arc::new(provider());
    let resolver = AlwaysResolvesServerRawPublicKeys::new(certified(key)?);
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(AnyKey::of(&provider)))
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The key that the other side showed, out of what QUIC knows of it.
#[must_use]
pub fn shown(identity: Option<Box<dyn Any>>) -> Option<[u8; TRANSPORT_KEY_BYTES]> {
    let shown = identity?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    match shown.as_slice() {
        [only] => ed25519(only),
        _ => None,
    }
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        // The second one is what QUIC's first packets need.
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    }
}

fn certified(key: &TransportKey) -> Result<Arc<CertifiedKey>, Error> {
    let pkcs8 = key.pkcs8();
    let signing = aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice()))?;
    let public = signing.public_key().ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let shown = CertificateDer::from(public.as_ref().to_vec());
    Ok(Arc::new(CertifiedKey::new(vec![shown], signing)))
}

/// Takes any Ed25519 key, if its owner signs the handshake.
#[derive(Debug)]
struct AnyKey {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyKey {
    const fn of(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }

    fn signed(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signature.scheme != SignatureScheme::ED25519 {
            return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
        }
        let key = SubjectPublicKeyInfoDer::from(shown.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }
}

fn check(shown: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Result<(), Error> {
    if others.is_empty() && ed25519(shown).is_some() {
        Ok(())
    } else {
        Err(Error::InvalidCertificate(CertificateError::BadEncoding))
    }
}

impl ServerCertVerifier for AnyKey {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        check(shown, others).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for AnyKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        check(shown, others).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The key in its DER form (RFC 8410, section 4), which has one form only.
fn ed25519(shown: &[u8]) -> Option<[u8; TRANSPORT_KEY_BYTES]> {
    shown.strip_prefix(&SPKI_BEGINNING)?.try_into().ok()
}

/// `SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING {` of a public key.
const SPKI_BEGINNING: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::NamedGroup;
    use rustls::{ClientConnection, ServerConnection};

    fn keys() -> [TransportKey; 2] {
        [(); 2].map(|()| TransportKey::generate().unwrap())
    }

    /// A whole handshake in memory, until nobody has anything to say.
    fn handshake(client: ClientConfig, server: ServerConfig) -> Result<(ClientConnection, ServerConnection), Error> {
        let name = ServerName::try_from("overlay").unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name)?;
        let mut server = ServerConnection::new(Arc::new(server))?;
        while client.wants_write() || server.wants_write() {
            let (mut out, mut back) = (Vec::new(), Vec::new());
            while client.wants_write() {
                client.write_tls(&mut out).unwrap();
            }
            let mut rest = out.as_slice();
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                server.process_new_packets()?;
            }
            while server.wants_write() {
                server.write_tls(&mut back).unwrap();
            }
            let mut rest = back.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets()?;
            }
        }
        Ok((client, server))
    }

    #[test]
    fn both_show_their_keys_and_agree_on_the_one_group() {
        let [one, two] = keys();
        let (client, server) = handshake(client(&one).unwrap(), server(&two).unwrap()).unwrap();
        let key = |shown: Option<&[CertificateDer<'static>]>| {
            let shown: Box<dyn Any> = Box::new(shown?.to_vec());
            self::shown(Some(shown))
        };
        assert_eq!(key(client.peer_certificates()), Some(*two.public()));
        assert_eq!(key(server.peer_certificates()), Some(*one.public()));
        for group in [client.negotiated_key_exchange_group(), server.negotiated_key_exchange_group()] {
            assert_eq!(group.unwrap().name(), NamedGroup::X25519MLKEM768);
        }
        assert_eq!((client.alpn_protocol(), server.alpn_protocol()), (Some(PROTOCOL), Some(PROTOCOL)));
    }

    /// Each lacks one thing that the other side asks for.
    #[test]
    fn what_is_refused() {
        let [one, two] = keys();
        let with = |change: &dyn Fn(&mut CryptoProvider)| {
            let mut provider = provider();
            change(&mut provider);
            Arc::new(provider)
        };
        let classical = with(&|provider| provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1]);
        let other_hybrid = with(&|provider| provider.kx_groups = vec![kx_group::MLKEM768]);
        for provider in [classical, other_hybrid] {
            let resolver = AlwaysResolvesClientRawPublicKeys::new(certified(&one).unwrap());
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(&[&TLS13])
                .unwrap()
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyKey::of(&provider)))
                .with_client_cert_resolver(Arc::new(resolver));
            config.alpn_protocols = vec![PROTOCOL.to_vec()];
            let refused = handshake(config, server(&two).unwrap()).unwrap_err();
            assert_eq!(refused, Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon));
        }
        let mut nameless = client(&one).unwrap();
        nameless.client_auth_cert_resolver = Arc::new(NoKey);
        assert!(handshake(nameless, server(&two).unwrap()).is_err(), "no key is shown");
        let mut other = client(&one).unwrap();
        other.alpn_protocols = vec![b"pars-overlay/2".to_vec()];
        assert_eq!(handshake(other, server(&two).unwrap()).unwrap_err(), Error::NoApplicationProtocol);
        // Somebody shows the key of another, and signs with his own.
        let mut thief = client(&one).unwrap();
        let stolen = CertificateDer::from([&SPKI_BEGINNING[..], two.public()].concat());
        let signing = Arc::clone(&certified(&one).unwrap().key);
        let shown = Arc::new(CertifiedKey::new(vec![stolen], signing));
        thief.client_auth_cert_resolver = Arc::new(AlwaysResolvesClientRawPublicKeys::new(shown));
        let refused = handshake(thief, server(&two).unwrap()).unwrap_err();
        assert_eq!(refused, Error::InvalidCertificate(CertificateError::BadSignature));
    }

    #[derive(Debug)]
    struct NoKey;

    impl rustls::client::ResolvesClientCert for NoKey {
        fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
            None
        }

        fn only_raw_public_keys(&self) -> bool {
            true
        }

        fn has_certs(&self) -> bool {
            false
        }
    }

    #[test]
    fn shown_keys_have_one_form() {
        let good = [&SPKI_BEGINNING[..], &[7; 32]].concat();
        assert_eq!(ed25519(&good), Some([7; 32]));
        assert_eq!(ed25519(&good[..43]), None);
        assert_eq!(ed25519(&[&good[..], &[0]].concat()), None);
        for at in 0..SPKI_BEGINNING.len() {
            let mut other = good.clone();
            other[at] ^= 1;
            assert_eq!(ed25519(&other), None, "byte {at}");
        }
        assert!(shown(None).is_none());
        assert!(shown(Some(Box::new(7_u8))).is_none());
        let two = vec![CertificateDer::from(good.clone()), CertificateDer::from(good)];
        assert!(shown(Some(Box::new(two))).is_none());
    }
}
