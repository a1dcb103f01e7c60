//! SLH-DSA of crate `slh-dsa`.

use super::{Backend, Question, Set};
use ::slh_dsa::{
    ParameterSet, Sha2_128f, Sha2_128s, Sha2_192f, Sha2_192s, Sha2_256f, Sha2_256s, Shake128f, Shake128s, Shake192f,
    Shake192s, Shake256f, Shake256s, Signature, VerifyingKey,
};

/// The implementation.
#[derive(Debug)]
pub(super) struct RustCrypto;

impl Backend for RustCrypto {
    fn name(&self) -> &'static str {
        "slh-dsa"
    }

    fn verify(&self, set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
        answer(set, &Question { public_key, message, context: Some(context), signature })
    }

    fn verify_internal(&self, set: Set, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        answer(set, &Question { public_key, message, context: None, signature })
    }
}

fn answer(set: Set, question: &Question<'_>) -> bool {
    match set {
        Set::Sha2_128s => answer_with::<Sha2_128s>(question),
        Set::Sha2_128f => answer_with::<Sha2_128f>(question),
        Set::Sha2_192s => answer_with::<Sha2_192s>(question),
        Set::Sha2_192f => answer_with::<Sha2_192f>(question),
        Set::Sha2_256s => answer_with::<Sha2_256s>(question),
        Set::Sha2_256f => answer_with::<Sha2_256f>(question),
        Set::Shake128s => answer_with::<Shake128s>(question),
        Set::Shake128f => answer_with::<Shake128f>(question),
        Set::Shake192s => answer_with::<Shake192s>(question),
        Set::Shake192f => answer_with::<Shake192f>(question),
        Set::Shake256s => answer_with::<Shake256s>(question),
        Set::Shake256f => answer_with::<Shake256f>(question),
    }
}

/// Signatures lie on the stack. Not inlined, so that a call has room for one of them and not for twelve.
#[inline(never)]
fn answer_with<P: ParameterSet>(&Question { public_key, message, context, signature }: &Question<'_>) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::<P>::try_from(public_key), Signature::<P>::try_from(signature))
    else {
        return false;
    };
    match context {
        Some(context) => key.try_verify_with_context(message, context, &signature).is_ok(),
        None => key.slh_verify_internal(&[message], &signature).is_ok(),
    }
}
