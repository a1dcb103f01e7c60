//! Groups that sign together, by the crates of the suites.

use frost_core::keys::{IdentifierList, KeyPackage, PublicKeyPackage, generate_with_dealer, reconstruct};
use frost_core::{Ciphersuite, Error, SigningKey, SigningPackage, round1, round2};
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;

/// A group, and what its members hold.
pub(crate) struct Group<C: Ciphersuite> {
    pub(crate) threshold: usize,
    pub(crate) members: Vec<KeyPackage<C>>,
    public: PublicKeyPackage<C>,
}

impl<C: Ciphersuite> Group<C> {
    pub(crate) fn deal(threshold: u16, size: u16, chance: &mut ChaCha20Rng) -> Self {
        let (shares, public) =
            generate_with_dealer::<C, _>(size, threshold, IdentifierList::Default, chance).expect("a group");
        let members = shares.into_values().map(|share| KeyPackage::try_from(share).expect("an honest dealer"));
        Self { threshold: threshold.into(), members: members.collect(), public }
    }

    /// The same group, whose members believe that one fewer is enough.
    pub(crate) fn deceived(&self) -> Self {
        let threshold = self.threshold - 1;
        let believed = u16::try_from(threshold).expect("what was one");
        let members = self.members.iter().map(|member| {
            let share = *member.signing_share();
            KeyPackage::new(*member.identifier(), share, *member.verifying_share(), *member.verifying_key(), believed)
        });
        let (shares, key) = (self.public.verifying_shares().clone(), *self.public.verifying_key());
        Self { threshold, members: members.collect(), public: PublicKeyPackage::new(shares, key, Some(believed)) }
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        self.public.verifying_key().serialize().expect("a key")
    }

    /// Both rounds and the sum, as RFC 9591 has them.
    pub(crate) fn sign(
        &self,
        signers: &[KeyPackage<C>],
        message: &[u8],
        chance: &mut ChaCha20Rng,
    ) -> Result<Vec<u8>, Error<C>> {
        let (mut nonces, mut commitments) = (Vec::new(), BTreeMap::new());
        for signer in signers {
            let (own, commitment) = round1::commit::<C, _>(signer.signing_share(), chance);
            nonces.push(own);
            commitments.insert(*signer.identifier(), commitment);
        }
        let package = SigningPackage::new(commitments, message);
        let mut shares = BTreeMap::new();
        for (signer, nonces) in signers.iter().zip(&nonces) {
            shares.insert(*signer.identifier(), round2::sign(&package, nonces, signer)?);
        }
        frost_core::aggregate(&package, &shares, &self.public)?.serialize()
    }

    /// The secret that shares make, if they are enough.
    pub(crate) fn secret(&self, signers: &[KeyPackage<C>]) -> SigningKey<C> {
        reconstruct(signers).expect("shares")
    }
}
