// Compiles the contracts of precompiles/solidity into its folder artifacts, a file a contract; with --check compares.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import solc from 'solc';

const FOLDER = 'precompiles/solidity/';
const root = new URL('../../', import.meta.url);
const artifacts = new URL(`${FOLDER}artifacts/`, root);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

const paths = readdirSync(new URL(FOLDER, root), { recursive: true })
  .filter((path) => path.endsWith('.sol'))
  .sort()
  .map((path) => FOLDER + path);

const input = {
  language: 'Solidity',
  sources: Object.fromEntries(paths.map((path) => [path, { content: read(path) }])),
  settings: {
    // Cancun: no later fork is on here.
    evmVersion: 'cancun',
    optimizer: { enabled: true, runs: 200 },
    // Without the hash of the metadata, two compilers that agree on the code agree on every byte.
    metadata: { bytecodeHash: 'none' },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
  },
};

// What they import are the generated interfaces.
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }));
for (const { formattedMessage } of output.errors ?? []) console.error(formattedMessage);
if (output.errors?.length) process.exit(1);

const made = new Map();
for (const path of paths) {
  for (const [name, { abi, evm }] of Object.entries(output.contracts[path] ?? {})) {
    const text = JSON.stringify({ compiler: solc.version(), abi, bytecode: `0x${evm.bytecode.object}` }, null, 2);
    made.set(`${name}.json`, `${text}\n`);
  }
}

mkdirSync(artifacts, { recursive: true });
const there = readdirSync(artifacts);
if (process.argv[2] !== '--check') {
  for (const file of there) rmSync(new URL(file, artifacts));
  for (const [file, text] of made) writeFileSync(new URL(file, artifacts), text);
} else {
  const differ = [...new Set([...there, ...made.keys()])].filter(
    (file) => !there.includes(file) || made.get(file) !== readFileSync(new URL(file, artifacts), 'utf8'),
  );
  if (differ.length > 0) {
    console.error(`${FOLDER}artifacts is not what the contracts compile to: run compile.mjs (${differ.join(', ')})`);
    process.exit(1);
  }
}
