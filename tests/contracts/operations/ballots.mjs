// Signed ballots, as a wallet signs them: by EIP-712.
import { ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { domainSeparator, hashTypedData, hexToBytes } from 'viem';
import { concat, fill, number, text } from '../lib/bytes.mjs';

const domain = {
  name: 'Votes',
  version: '1',
  chainId: 1337,
  verifyingContract: '0x00000000000000000000000000000000000000a0',
};
const types = {
  Ballot: [
    { name: 'proposalId', type: 'uint256' },
    { name: 'support', type: 'uint8' },
  ],
};
const EIP712Domain = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];
const separator = hexToBytes(domainSeparator({ domain, types: { ...types, EIP712Domain } }));

// A ballot of a voter, whose signature may be of another support than the ballot says.
function ballot(suite, support, signed = support) {
  const dsa = { 0x65: ml_dsa65, 0x87: ml_dsa87 }[suite];
  const { publicKey, secretKey } = dsa.keygen(fill(32, support));
  const message = { proposalId: 7n, support: signed };
  const hash = hexToBytes(hashTypedData({ domain, types, primaryType: 'Ballot', message }));
  const signature = dsa.sign(hash, secretKey, { extraEntropy: false, context: text('pars/vote/v1') });
  return concat(number(suite, 1), number(7, 32), number(support, 1), publicKey, signature);
}

const call = 'verifyBallots(bytes32,bytes)';
const four = concat(ballot(0x65, 0), ballot(0x87, 1), ballot(0x65, 2, 1), ballot(0x87, 2));
export const ballots = [
  { row: 'BALLOTS', what: 'four, of which one is forged', call, args: [separator, four], gives: [0b1011n] },
  { row: 'BALLOTS', what: 'none', call, args: [separator, new Uint8Array()], gives: [0n] },
  { row: 'BALLOTS', what: 'a piece', call, args: [separator, four.slice(1)], reverts: 'MalformedInput' },
];
