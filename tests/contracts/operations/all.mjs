// Calls of everything that the precompiles do, with the answers of other implementations.
//
// An operation: the row, what is special, the function and its arguments; then what it gives or the error with which it
// reverts; where signatures stand among the arguments; and whether a secret is seen.
import { bent } from '../lib/bytes.mjs';
import { ballots } from './ballots.mjs';
import { bls } from './bls.mjs';
import { hybrid } from './hybrid.mjs';
import { mldsa } from './mldsa.mjs';
import { mlkem } from './mlkem.mjs';
import { slhdsa } from './slhdsa.mjs';
import { threshold } from './threshold.mjs';

export const operations = [...mldsa, ...mlkem, ...slhdsa, ...hybrid, ...threshold, ...bls, ...ballots];

// The same operation with one bit changed, for each signature in it.
export function forgeries(operation) {
  return (operation.signatures ?? []).map((at) => {
    const args = operation.args.with(at, bent(operation.args[at]));
    return { ...operation, args, gives: [false] };
  });
}
