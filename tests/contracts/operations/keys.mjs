// Classical keys, and what they sign.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { fill } from '../lib/bytes.mjs';

const SIGNATURE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const POSSESSION = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const scheme = bls12_381.longSignatures;

// A key of BLS with signatures in G2.
export function blsKey(number) {
  const secret = fill(32, number);
  const publicKey = scheme.getPublicKey(secret).toBytes();
  const signed = (message, tag) => scheme.Signature.toBytes(scheme.sign(scheme.hash(message, tag), secret));
  return {
    publicKey,
    sign: (message) => signed(message, SIGNATURE),
    possession: signed(publicKey, POSSESSION),
  };
}

// Sums of keys and of signatures.
export function blsSum(keys, signatures) {
  return {
    key: scheme.aggregatePublicKeys(keys).toBytes(),
    signature: scheme.Signature.toBytes(scheme.aggregateSignatures(signatures)),
  };
}

// A key of ECDSA over secp256k1, which signs hashes.
export function ecdsaKey(number) {
  const secret = fill(32, number);
  return {
    compressed: secp256k1.getPublicKey(secret, true),
    whole: secp256k1.getPublicKey(secret, false),
    // r ‖ s, with a low s.
    sign: (hash) => secp256k1.sign(hash, secret, { prehash: false }),
    // r ‖ s ‖ v, with 0 or 1 for v.
    signRecoverable(hash) {
      const signature = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' });
      return new Uint8Array([...signature.slice(1), signature[0]]);
    },
  };
}
