// Runs every client's round against a chain and prints what came of it. People call it through scripts/clients.
//
//   node run.mjs --python FILE [--dev FILE] [--host SCRIPT --plugin FILE] [--url URL [--ws URL]] [--peer]
//                [--client NAME]… [--receipt-ms N]
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { start, startDev, stop } from './lib/node.mjs';
import { program } from './lib/program.mjs';
import { steps } from './lib/round.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    dev: { type: 'string' },
    host: { type: 'string' },
    plugin: { type: 'string' },
    url: { type: 'string' },
    ws: { type: 'string' },
    peer: { type: 'boolean' },
    client: { type: 'string', multiple: true },
    // Longest median time from sending to receipt on `dev`. A busy machine stays below half of it; a node or a client
    // that waits for a timer where it need not does not.
    'receipt-ms': { type: 'string', default: '250' },
  },
});

// Every client: who runs its round.
const clients = {
  viem: [process.execPath, 'rounds/viem.mjs'],
  ethers: [process.execPath, 'rounds/ethers.mjs'],
  cast: [process.execPath, 'rounds/cast.mjs'],
  forge: [process.execPath, 'rounds/forge.mjs'],
  hardhat: [process.execPath, 'rounds/hardhat.mjs'],
  'web3.py': [options.python, 'rounds/web3py.py'],
};

// How long a round may take; its steps have limits of their own.
const ROUND_MS = 5 * 60_000;

const wanted = options.client ?? Object.keys(clients);
for (const name of wanted) {
  if (!clients[name]) fail(`no client ${name}; there are ${Object.keys(clients).join(', ')}`);
}

const nodes = [];
if (options.dev) {
  const started = await startDev(options.dev).catch(failed);
  nodes.push({ ...started, ws: started.http.replace('http:', 'ws:') });
}
if (options.host) {
  const args = ['--port', '0', '--plugin', options.plugin];
  const started = await start('host', options.host, args, /^(http:\S+\/rpc)$/).catch(failed);
  nodes.push({ ...started, ws: started.http.replace('http:', 'ws:').replace(/rpc$/, 'ws') });
}
if (options.url) {
  nodes.push({ name: 'given', http: options.url, ws: options.ws ?? options.url.replace(/^http/, 'ws') });
}
if (options.peer) {
  // Fork and chain id are those of our chain, and the accounts are the same already.
  const peer = await start(
    'anvil',
    program('anvil'),
    ['--hardfork', 'cancun', '--chain-id', '1337', '--port', '0'],
    /^Listening on (\S+)/,
    'http://',
  ).catch(failed);
  nodes.push({ ...peer, ws: peer.http.replace('http:', 'ws:'), peer: true });
}

const results = [];
for (const node of nodes) {
  console.log(`${node.name}: ${node.http}, ${node.ws}`);
  for (const client of wanted) {
    const begun = performance.now();
    const lines = await round(node, client);
    results.push(...lines.map((line) => ({ node: node.name, client, ...line })));
    const failed = lines.filter((line) => line.error).length;
    console.log(
      `  ${client}: ${failed === 0 ? 'ok' : `${failed} FAILED`}, ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
  }
}
table();
report();
await Promise.all(nodes.map(stop));
// What the peer does wrong is shown, and is not ours to mend.
const peers = new Set(nodes.filter((node) => node.peer).map((node) => node.name));
process.exit(results.some((line) => line.error && !peers.has(line.node)) ? 1 : 0);

function fail(why) {
  console.error(`scripts/clients: ${why}`);
  process.exit(1);
}

// A node that did not start.
function failed(error) {
  fail(error.message);
}

// Runs a client's round: what it printed, and an error for every step that it did not come to.
async function round(node, client) {
  const [file, script] = clients[client];
  const child = spawn(file, [script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: ROUND_MS,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      RPC_HTTP: node.http,
      RPC_WS: node.ws,
      RPC_PEER: node.peer ? '1' : '0',
      RPC_RECEIPT_MS: node.name === 'dev' ? options['receipt-ms'] : '',
    },
  });
  const found = new Map();
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) {
      console.log(line);
      continue;
    }
    const parsed = JSON.parse(line);
    found.set(parsed.step, parsed);
  }
  return Object.keys(steps).map((step) => found.get(step) ?? { step, error: 'the round ended before' });
}

// A row a step, a column a client; where there are two nodes, a cell has both.
function table() {
  const cell = (node, client, step) => {
    const { error, skipped, lacks, ms } = results.find(
      (line) => line.node === node.name && line.client === client && line.step === step,
    );
    if (error) return 'FAILED';
    return skipped ? '-' : `${ms}${lacks ? '*' : ''}`;
  };
  const head = ['ms', ...wanted];
  const rows = Object.keys(steps).map((step) => [
    step,
    ...wanted.map((client) => nodes.map((node) => cell(node, client, step)).join(' | ')),
  ]);
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  console.log(`\n${nodes.map((node) => node.name).join(' | ')}`);
  for (const row of [head, ...rows]) {
    const [name, ...cells] = row.map((text, at) => (at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at])));
    console.log(`  ${name}  ${cells.join('  ')}  ${steps[name.trim()] ?? ''}`.trimEnd());
  }
}

// What there is to read about single steps, failures last.
function report() {
  const where = (line) => `  ${line.node} ${line.client} ${line.step}: `;
  const list = (title, lines, text) => {
    if (lines.length > 0) console.log(`\n${title}`);
    for (const line of lines) console.log(where(line) + text(line));
  };
  list(
    'notes',
    results.filter((line) => line.note),
    (line) => line.note,
  );
  // What a client does not have it has on no node.
  const missing = (title, kind) => {
    const lines = new Set(
      results.filter((line) => line[kind]).map((line) => `  ${line.client} ${line.step}: ${line[kind]}`),
    );
    if (lines.size > 0) console.log(`\n${title}\n${[...lines].join('\n')}`);
  };
  missing('partly there (*), all but', 'lacks');
  missing('not there (-)', 'skipped');
  list(
    'FAILED',
    results.filter((line) => line.error),
    (line) => line.error,
  );
  for (const { name, log } of nodes) {
    if (log?.length && results.some((line) => line.node === name && line.error))
      console.log(`\nlast lines of ${name}\n${log.join('\n')}`);
  }
  const count = (kind) => results.filter((line) => line[kind] !== undefined).length;
  console.log(
    `\n${count('ms')} passed (${count('lacks')} partly there), ${count('error')} failed, ${count('skipped')} not there`,
  );
}
