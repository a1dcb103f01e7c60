// SLH-DSA: at its own address, and at the address of several algorithms.
//
// Signatures of the slow sets take seconds each, so those of all sets are checked in. The fast ones of SHA-2 are made
// here once more, by another implementation.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as noble from '@noble/post-quantum/slh-dsa.js';
import { hexToBytes } from 'viem';
import { fill, text } from '../lib/bytes.mjs';

const FILE = '../../../crypto/tests/vectors/slh-dsa-made/signatures.json.gz';
const SIZES = ['128s', '128f', '192s', '192f', '256s', '256f'];

const made = JSON.parse(gunzipSync(readFileSync(new URL(FILE, import.meta.url))));
assert.equal(made.length, 2 * SIZES.length);

const checkedIn = made.flatMap((entry, at) => {
  const [hash, size] = at < SIZES.length ? ['Sha2_', SIZES[at]] : ['Shake', SIZES[at - SIZES.length]];
  assert.equal(entry.set, hash + size);
  const [key, message, plain, bound, context] = ['key', 'message', 'plain', 'signature', 'context'].map((field) =>
    hexToBytes(`0x${entry[field]}`),
  );
  const slh = noble[`slh_dsa_${hash.replace('_', '').toLowerCase()}_${size}`];
  assert(slh.verify(plain, message, key) && slh.verify(bound, message, key, { context }), entry.set);
  const mode = at < SIZES.length ? at : 0x10 + at - SIZES.length;
  return of(entry.set, mode, { key, message, plain, bound, context });
});

const madeHere = ['128f', '192f', '256f'].flatMap((size) => {
  const slh = noble[`slh_dsa_sha2_${size}`];
  const { publicKey: key, secretKey } = slh.keygen(fill(slh.lengths.seed, 7));
  const [message, context] = [text('made by another'), text('context')];
  const plain = slh.sign(message, secretKey, { extraEntropy: false });
  const bound = slh.sign(message, secretKey, { extraEntropy: false, context });
  return of(`Sha2_${size}, made here`, SIZES.indexOf(size), { key, message, plain, bound, context });
});

function of(what, mode, { key, message, plain, bound, context }) {
  const call = (row, call, args, ...signatures) => ({ row, what, call, args, gives: [true], signatures });
  const four = [mode, key, message, plain];
  const all = [
    call('SLHDSA', 'slhdsaVerify(uint8,bytes,bytes,bytes)', four, 3),
    call('SLHDSA', 'verifyWithContext(uint8,bytes,bytes,bytes,bytes)', [mode, key, message, bound, context], 3),
    call('PQ_CRYPTO', 'slhdsaVerify(uint8,bytes,bytes,bytes)', four, 3),
  ];
  // The set is told by lengths, which are the same for both hashes: SHA-2 is meant.
  return mode < 0x10 ? [...all, call('SLHDSA', 'verify(bytes,bytes,bytes)', four.slice(1), 2)] : all;
}

export const slhdsa = [...checkedIn, ...madeHere];
