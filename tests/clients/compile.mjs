// Compiles contracts/Votes.sol into artifacts/Votes.json, or with --check compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import solc from 'solc';

const source = new URL('contracts/Votes.sol', import.meta.url);
const artifact = new URL('artifacts/Votes.json', import.meta.url);

const input = {
  language: 'Solidity',
  sources: { 'contracts/Votes.sol': { content: readFileSync(source, 'utf8') } },
  settings: {
    // Cancun: no later fork is on here, and from 0.8.30 on the compiler's own default is Prague.
    evmVersion: 'cancun',
    optimizer: { enabled: true, runs: 200 },
    // Without the hash of the metadata, two compilers that agree on the code agree on every byte.
    metadata: { bytecodeHash: 'none' },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
  },
};

const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const { formattedMessage } of output.errors ?? []) console.error(formattedMessage);
if (output.errors?.length) process.exit(1);
const { abi, evm } = output.contracts['contracts/Votes.sol'].Votes;
const made = `${JSON.stringify({ compiler: solc.version(), abi, bytecode: `0x${evm.bytecode.object}` }, null, 2)}\n`;

if (process.argv[2] !== '--check') {
  writeFileSync(artifact, made);
} else if (readFileSync(artifact, 'utf8') !== made) {
  console.error('artifacts/Votes.json is not what contracts/Votes.sol compiles to: run compile.mjs');
  process.exit(1);
}
