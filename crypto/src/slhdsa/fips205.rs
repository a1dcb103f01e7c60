//! SLH-DSA of crate `fips205`.

use super::{Backend, Question, Set};
use ::fips205::{
    slh_dsa_sha2_128f, slh_dsa_sha2_128s, slh_dsa_sha2_192f, slh_dsa_sha2_192s, slh_dsa_sha2_256f, slh_dsa_sha2_256s,
    slh_dsa_shake_128f, slh_dsa_shake_128s, slh_dsa_shake_192f, slh_dsa_shake_192s, slh_dsa_shake_256f,
    slh_dsa_shake_256s, traits::SerDes as _, traits::Verifier as _,
};

/// The implementation.
#[derive(Debug)]
pub(super) struct Fips205;

impl Backend for Fips205 {
    fn name(&self) -> &'static str {
        "fips205"
    }

    fn verify(&self, set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
        answer(set, &Question { public_key, message, context: Some(context), signature })
    }

    fn verify_internal(&self, set: Set, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        answer(set, &Question { public_key, message, context: None, signature })
    }
}

/// The crate has a module with its own types for each set, and no trait over all that is needed here.
macro_rules! answer_with {
    ($module:ident, $question:expr) => {{
        let &Question { public_key, message, context, signature } = $question;
        let (Ok(public_key), Ok(signature)) = (public_key.try_into(), <&[u8; $module::SIG_LEN]>::try_from(signature))
        else {
            return false;
        };
        let Ok(key) = $module::PublicKey::try_from_bytes(public_key) else { return false };
        match context {
            Some(context) => key.verify(message, signature, context),
            None => key.verify_internal(message, signature),
        }
    }};
}

#[expect(deprecated, reason = "the crate marks what is for known answers so, and it serves nothing else here")]
fn answer(set: Set, question: &Question<'_>) -> bool {
    match set {
        Set::Sha2_128s => answer_with!(slh_dsa_sha2_128s, question),
        Set::Sha2_128f => answer_with!(slh_dsa_sha2_128f, question),
        Set::Sha2_192s => answer_with!(slh_dsa_sha2_192s, question),
        Set::Sha2_192f => answer_with!(slh_dsa_sha2_192f, question),
        Set::Sha2_256s => answer_with!(slh_dsa_sha2_256s, question),
        Set::Sha2_256f => answer_with!(slh_dsa_sha2_256f, question),
        Set::Shake128s => answer_with!(slh_dsa_shake_128s, question),
        Set::Shake128f => answer_with!(slh_dsa_shake_128f, question),
        Set::Shake192s => answer_with!(slh_dsa_shake_192s, question),
        Set::Shake192f => answer_with!(slh_dsa_shake_192f, question),
        Set::Shake256s => answer_with!(slh_dsa_shake_256s, question),
        Set::Shake256f => answer_with!(slh_dsa_shake_256f, question),
    }
}
