// ML-KEM: at its own address, and at the address of several algorithms.
import { shake256 } from '@noble/hashes/sha3.js';
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { bent, concat, fill, number, text } from '../lib/bytes.mjs';

const SETS = [
  { name: 'ML-KEM-512', kem: ml_kem512, mode: 0, level: 2 },
  { name: 'ML-KEM-768', kem: ml_kem768, mode: 1, level: 3 },
  { name: 'ML-KEM-1024', kem: ml_kem1024, mode: 2, level: 5 },
];

export const mlkem = SETS.flatMap(({ name, kem, mode, level }) => {
  const [seed, coins] = [fill(32, level), fill(32, 6)];
  // What the precompile makes of a seed, and the coins that follow from a key.
  const expanded = shake256(concat(text('pars/mlkem-keygen/v1'), number(level, 1), seed), { dkLen: 64 });
  const { publicKey, secretKey } = kem.keygen(expanded);
  const own = shake256(concat(text('pars/mlkem-encapsulate/v1'), number(mode, 1), publicKey), { dkLen: 32 });
  const made = kem.encapsulate(publicKey, own);
  const given = kem.encapsulate(publicKey, coins);
  // A ciphertext that nobody made has a secret, too, which only the key's owner knows.
  const strange = bent(made.cipherText);
  const implicit = kem.decapsulate(strange, secretKey);
  const none = fill(publicKey.length, 0xff);
  const call = (row, call, args, ...gives) => ({ row, what: name, call, args, gives });
  const secret = (...whole) => ({ ...call(...whole), secret: true });
  const refused = (row, call, args) => ({ row, what: `${name}, no key`, call, args, reverts: 'InvalidKey' });
  const pairOf = ({ cipherText, sharedSecret }) => [cipherText, sharedSecret];
  const pair = pairOf(made);
  return [
    call('MLKEM', 'encapsulate(uint8,bytes)', [mode, publicKey], ...pair),
    call('MLKEM', 'encapsulateDerand(uint8,bytes,bytes32)', [mode, publicKey, coins], ...pairOf(given)),
    call('MLKEM', 'encapsulate(bytes)', [publicKey], ...pair),
    secret('MLKEM', 'decapsulate(uint8,bytes,bytes)', [mode, secretKey, made.cipherText], made.sharedSecret),
    {
      ...secret('MLKEM', 'decapsulate(uint8,bytes,bytes)', [mode, secretKey, strange], implicit),
      what: `${name}, a ciphertext of nobody`,
    },
    secret('MLKEM', 'decapsulate(bytes,bytes)', [secretKey, made.cipherText], made.sharedSecret),
    secret('MLKEM', 'keyGen(uint8,bytes32)', [level, seed], publicKey, secretKey),
    refused('MLKEM', 'encapsulate(uint8,bytes)', [mode, none]),
    call('PQ_CRYPTO', 'mlkemEncapsulate(uint8,bytes)', [mode, publicKey], ...pair),
    secret('PQ_CRYPTO', 'mlkemDecapsulate(uint8,bytes,bytes)', [mode, secretKey, made.cipherText], made.sharedSecret),
    refused('PQ_CRYPTO', 'mlkemEncapsulate(uint8,bytes)', [mode, none]),
  ];
});
