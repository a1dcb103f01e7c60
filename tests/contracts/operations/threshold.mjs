// Threshold signatures: FROST with two of three signers, and ECDSA as CGGMP21 makes it.
import assert from 'node:assert/strict';
import { ed25519, ed25519_FROST } from '@noble/curves/ed25519.js';
import { schnorr, schnorr_FROST, secp256k1_FROST } from '@noble/curves/secp256k1.js';
import { concat, fill, number, text } from '../lib/bytes.mjs';
import { ecdsaKey } from './keys.mjs';

const hash = fill(32, 0x55);

// A group's key and the signature of two of its three members.
function twoOfThree(frost, message) {
  const dealt = frost.trustedDealer({ min: 2, max: 3 });
  const members = Object.values(dealt.secretShares).slice(1);
  const rounds = members.map((member) => frost.commit(member));
  const commitments = rounds.map((round) => round.commitments);
  const shares = members.map((member, at) => [
    member.identifier,
    frost.signShare(member, dealt.public, rounds[at].nonces, commitments, message),
  ]);
  const signature = frost.aggregate(dealt.public, commitments, message, Object.fromEntries(shares));
  return { key: dealt.public.commitments[0], signature };
}

const suites = [
  { suite: 0, what: 'BIP-340', frost: schnorr_FROST, key: (key) => key.slice(-32), other: schnorr },
  { suite: 1, what: 'FROST(Ed25519, SHA-512)', frost: ed25519_FROST, key: (key) => key, other: ed25519 },
  { suite: 2, what: 'FROST(secp256k1, SHA-256)', frost: secp256k1_FROST, key: (key) => key },
];

const bySuite = suites.map(({ suite, what, frost, key, other }) => {
  const message = text('what two of three signed');
  const made = twoOfThree(frost, message);
  const publicKey = key(made.key);
  // Where the signature is an ordinary one, an ordinary verifier takes it.
  if (other) assert(other.verify(made.signature, message, publicKey), what);
  const args = [suite, publicKey, message, made.signature];
  return { row: 'FROST', what, call: 'verify(uint8,bytes,bytes,bytes)', args, gives: [true], signatures: [3] };
});

const group = twoOfThree(schnorr_FROST, hash);
const ofHash = {
  row: 'FROST',
  what: 'BIP-340, 2 of 3',
  call: 'verify(uint32,uint32,bytes32,bytes32,bytes)',
  args: [2, 3, group.key.slice(-32), hash, group.signature],
  gives: [true],
  signatures: [4],
};

const ecdsa = ecdsaKey(2);
const recoverable = ecdsa.signRecoverable(hash);
const cggmp21 = [0, 27].map((shift) => ({
  row: 'CGGMP21',
  what: `ECDSA, v from ${shift}`,
  call: 'verify(uint32,uint32,bytes,bytes32,bytes)',
  args: [2, 3, ecdsa.whole, hash, concat(recoverable.slice(0, 64), number(recoverable[64] + shift, 1))],
  gives: [true],
  signatures: [4],
}));

// Numbers of signers that mean nothing.
const nonsense = [
  { ...ofHash, args: [4, ...ofHash.args.slice(1)] },
  { ...cggmp21[0], args: [0, ...cggmp21[0].args.slice(1)] },
].map(({ row, call, args }) => ({ row, what: `${args[0]} of 3`, call, args, reverts: 'MalformedInput' }));

export const threshold = [...bySuite, ofHash, ...cggmp21, ...nonsense];
