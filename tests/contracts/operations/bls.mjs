// BLS: signatures, proofs of possession, and sums.
import { bent, concat, fill, text } from '../lib/bytes.mjs';
import { blsKey, blsSum } from './keys.mjs';

const key = blsKey(3);
const [hash, message] = [fill(32, 0x55), text('a longer message than thirty-two bytes')];
const verify = (what, call, args) => ({ row: 'BLS', what, call, args, gives: [true], signatures: [args.length - 1] });

const members = [10, 11, 12].map(blsKey);
const signatures = members.map((member) => member.sign(hash));
const sum = blsSum(
  members.map((member) => member.publicKey),
  signatures,
);
const proved = concat(...members.flatMap((member) => [member.publicKey, member.possession]));
const add = (what, call, args, ends) => ({ row: 'BLS_AGGREGATE', what, call, args, ...ends });

export const bls = [
  verify('hash', 'verify(bytes,bytes32,bytes)', [key.publicKey, hash, key.sign(hash)]),
  verify('message', 'verify(bytes,bytes,bytes)', [key.publicKey, message, key.sign(message)]),
  verify('possession', 'popVerify(bytes,bytes)', [key.publicKey, key.possession]),
  // The sum of signatures is a signature under the sum of keys.
  verify('sum', 'verify(bytes,bytes32,bytes)', [sum.key, hash, sum.signature]),
  add('three signatures', 'aggregate(bytes[])', [signatures], { gives: [sum.signature] }),
  add('no signature', 'aggregate(bytes[])', [[bent(signatures[0])]], { reverts: 'MalformedInput' }),
  add('three keys', 'aggregatePublicKeys(bytes)', [proved], { gives: [sum.key] }),
  add('a key without proof', 'aggregatePublicKeys(bytes)', [concat(key.publicKey, members[0].possession)], {
    reverts: 'InvalidKey',
  }),
];
