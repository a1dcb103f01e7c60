// The precompiles that only compute: where they are and which contract calls them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// The generated map. It is TypeScript for a type alone, of which nothing is left here.
const source = readFileSync(new URL('../../../contracts/precompiles.ts', import.meta.url), 'utf8');
const script = source.replace(' as const;', ';');
export const { precompiles } = await import(`data:text/javascript,${encodeURIComponent(script)}`);

// The contract that calls a row.
export const callers = {
  PQ_CRYPTO: 'PQCryptoCaller',
  MLDSA: 'MLDSACaller',
  MLKEM: 'MLKEMCaller',
  SLHDSA: 'SLHDSACaller',
  HYBRID_BLS_MLDSA: 'HybridBlsMldsaCaller',
  HYBRID_ECDSA_MLDSA: 'HybridEcdsaMldsaCaller',
  MLDSA44_EIP8355: 'Eip8355Caller',
  MLDSA65_EIP8355: 'Eip8355Caller',
  MLDSA87_EIP8355: 'Eip8355Caller',
  FROST: 'FROSTCaller',
  CGGMP21: 'CGGMP21Caller',
  BALLOTS: 'BallotsCaller',
  BLS: 'BLSCaller',
  BLS_AGGREGATE: 'BLSAggregateCaller',
};

// Rows with state, which are of another kind and tested elsewhere.
const STATEFUL = [
  'DEPLOYER_ALLOW_LIST',
  'NATIVE_MINTER',
  'TX_ALLOW_LIST',
  'FEE_MANAGER',
  'REWARD_MANAGER',
  'WARP_MESSENGER',
];
assert.deepEqual(
  Object.keys(precompiles).sort(),
  [...Object.keys(callers), ...STATEFUL].sort(),
  'each precompile has a contract that calls it, or has state',
);

// Where a row answers.
export function addresses(row) {
  return [precompiles[row].address, ...precompiles[row].aliases];
}

// The preset `local` with all of them on: a chain of this id, which shows secrets or not.
export function genesis(chainId, allowOnChainSecrets) {
  const file = JSON.parse(readFileSync(new URL('../../../genesis/presets/local.json', import.meta.url), 'utf8'));
  file.config.chainId = chainId;
  for (const row of Object.keys(callers)) {
    const key = precompiles[row].configKey;
    file.config[key] = { blockTimestamp: file.config.graniteTimestamp };
    if (SECRET.includes(key)) file.config[key].allowOnChainSecrets = allowOnChainSecrets;
  }
  return JSON.stringify(file);
}

const SECRET = ['mldsaVerify', 'mlkemConfig', 'pqCryptoConfig'];
