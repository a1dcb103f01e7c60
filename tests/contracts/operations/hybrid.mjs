// Two signatures of one message, of which one is classical.
import { sha3_256 } from '@noble/hashes/sha3.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { keccak256 } from 'viem';
import { concat, fill, text } from '../lib/bytes.mjs';
import { blsKey, ecdsaKey } from './keys.mjs';

const SETS = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 };
const [bls, ecdsa] = [blsKey(1), ecdsaKey(1)];
const message = text('a message of both');
const deterministic = { extraEntropy: false };

// The published form, in which both sign the hash itself.
const hash = fill(32, 0x77);
const keys = ml_dsa65.keygen(fill(32, 8));
const published = {
  row: 'HYBRID_BLS_MLDSA',
  what: 'ML-DSA-65, one hash',
  call: 'verify(bytes,bytes,bytes32,bytes,bytes)',
  args: [bls.sign(hash), ml_dsa65.sign(hash, keys.secretKey, deterministic), hash, bls.publicKey, keys.publicKey],
  gives: [true],
  signatures: [0, 1],
};

const bound = Object.entries(SETS).flatMap(([name, dsa]) => {
  const { publicKey, secretKey } = dsa.keygen(fill(32, 9));
  // What both sign names both keys.
  const sign = (label, classicalKey, classical) => {
    const context = text(label);
    const signed = concat(context, sha3_256(concat(classicalKey, publicKey)), message);
    return [classical(signed), dsa.sign(signed, secretKey, { ...deterministic, context })];
  };
  const ofEcdsa = (form, key) => ({
    row: 'HYBRID_ECDSA_MLDSA',
    what: `${name}, ${form} key`,
    call: 'verifyEcdsaMldsa(bytes,bytes,bytes,bytes,bytes)',
    args: [
      key,
      publicKey,
      message,
      ...sign('pars/hybrid-ecdsa-mldsa/v1', key, (signed) => ecdsa.sign(keccak256(signed, 'bytes'))),
    ],
    gives: [true],
    signatures: [3, 4],
  });
  return [
    {
      row: 'HYBRID_BLS_MLDSA',
      what: name,
      call: 'verifyBlsMldsa(bytes,bytes,bytes,bytes,bytes)',
      args: [bls.publicKey, publicKey, message, ...sign('pars/hybrid-bls-mldsa/v1', bls.publicKey, bls.sign)],
      gives: [true],
      signatures: [3, 4],
    },
    ofEcdsa('compressed', ecdsa.compressed),
    ofEcdsa('whole', ecdsa.whole),
  ];
});

export const hybrid = [published, ...bound];
