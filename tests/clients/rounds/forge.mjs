// forge script: Round.s.sol, a call a step. Those that write are broadcast.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPublicClient, http, numberToHex } from 'viem';
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts';
import { keys, node, partly, round, votes } from '../lib/round.mjs';
import { output } from '../lib/program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
// What is compiled stays from run to run, what is sent does not.
const compiled = join(root, 'node_modules/.cache/forge');
const sent = mkdtempSync(join(tmpdir(), 'pars-forge-'));
process.on('exit', () => rmSync(sent, { recursive: true }));
const env = {
  ...process.env,
  FOUNDRY_OUT: join(compiled, 'out'),
  FOUNDRY_CACHE_PATH: join(compiled, 'cache'),
  FOUNDRY_BROADCAST: join(sent, 'broadcast'),
};
const account = privateKeyToAddress(keys.forge);
const other = privateKeyToAddress(generatePrivateKey());
const salt = generatePrivateKey();
// Another client's view of what forge has sent.
const client = createPublicClient({ transport: http(node.http) });

let token;
let created;
let written;

// What `forge script` prints, a value of JSON a line.
async function script(signature, values, ...options) {
  const args = [
    'script',
    'rounds/Round.s.sol:Round',
    '--root',
    root,
    '--rpc-url',
    node.http,
    '--json',
    '--sig',
    signature,
    ...values.map(String),
    ...options,
  ];
  const printed = await output('forge', args, { env, cwd: root });
  return printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map(JSON.parse);
}

// The same with its transactions sent: what it returns, and their receipts.
async function broadcast(signature, values, ...options) {
  const [{ returns }] = await script(signature, values, '--broadcast', '--private-key', keys.forge, ...options);
  const name = `broadcast/Round.s.sol/1337/${signature.split('(')[0]}-latest.json`;
  const { receipts } = JSON.parse(readFileSync(join(sent, name), 'utf8'));
  assert(receipts.every((receipt) => receipt.status === '0x1'));
  return { returns, receipts };
}

const refused = (call, text) => assert.rejects(call, text);

await round({
  async connect() {
    const [{ returns }] = await script('connect(address)', [account]);
    return returns.version.value;
  },

  async deploy() {
    const made = await broadcast('deploy(address,bytes32)', [account, salt]);
    token = made.returns.plain.value;
    created = Number(made.receipts[0].blockNumber);
    assert.equal(
      JSON.parse(readFileSync(join(env.FOUNDRY_OUT, 'Votes.sol/Votes.json'), 'utf8')).bytecode.object,
      votes.bytecode,
    );
    for (const { value } of [made.returns.plain, made.returns.salted]) {
      assert.notEqual(await client.getCode({ address: value }), undefined);
    }
    // A script that went through has nothing left to send.
    const nonce = await client.getTransactionCount({ address: account });
    const resumed = await script(
      'deploy(address,bytes32)',
      [account, salt],
      '--broadcast',
      '--private-key',
      keys.forge,
      '--resume',
    );
    assert.deepEqual(
      resumed.map(({ status }) => status),
      ['success'],
    );
    assert.equal(await client.getTransactionCount({ address: account }), nonce);
  },

  async write() {
    const { receipts } = await broadcast('write(address,address,address)', [token, account, other]);
    assert.deepEqual(
      receipts.map((receipt) => receipt.logs.length),
      [1, 2],
    );
    written = Number(receipts[1].blockNumber);
  },

  read: () => script('read(address,address,address)', [token, account, other]).then(() => {}),
  past: () =>
    script('past(address,address,string,uint256,uint256)', [token, account, node.http, created, written]).then(
      () => {},
    ),
  async events() {
    const { hash, number } = await client.getBlock({ blockNumber: BigInt(written) });
    const at = numberToHex(number);
    const filters = [{ fromBlock: at, toBlock: at }, { blockHash: hash }];
    await script('events(address,address,uint256,string,string)', [
      token,
      account,
      created,
      ...filters.map((filter) => JSON.stringify([{ address: token, ...filter }])),
    ]);
  },
  'follow-ws': 'a script follows nothing',
  'follow-http': 'a script follows nothing',
  'revert-call': partly('out of eth_call: a script runs inside forge, on state that it asks for', () =>
    refused(script('reverts(address,address)', [token, account]), /FutureLookup\(1000000000/),
  ),
  'revert-estimate': 'a script runs inside forge before it is estimated',

  fees: partly('fee history: forge reads no fractions in what a node answers', async () => {
    const [{ returns }] = await script('fees()', []);
    return `price ${returns.price.value} wei, tip ${returns.tip.value} wei`;
  }),

  'type-0': () => typed('0x0', '--legacy'),
  'type-1': 'forge sends types 0 and 2',
  'type-2': () => typed('0x2'),
  finality: () => script('finality(bool)', [!node.peer]).then(() => {}),
  proof: 'a script reads no proofs',
  failed: 'a script runs inside forge before it is sent',

  // Twenty at once: forge waits for none of them before it sends the next.
  nonces: partly("a nonce ahead, a replacement: a script's transactions follow each other", async () => {
    const { receipts } = await broadcast('many(address,address)', [token, other]);
    assert.equal(receipts.length, 20);
  }),

  async refusals() {
    const poor = ['--broadcast', '--private-key', generatePrivateKey()];
    await refused(script('write(address,address,address)', [token, account, other], ...poor), /insufficient|balance/i);
  },

  absent: partly('among many requests: a script makes one at a time', () =>
    refused(script('absent()', []), /-32601/),
  ),
  latency: 'measured with viem and cast',
});

async function typed(type, ...options) {
  const { receipts } = await broadcast('many(address,address)', [token, other], ...options);
  assert(
    receipts.every((receipt) => receipt.type === type),
    JSON.stringify(receipts.map((receipt) => receipt.type)),
  );
}
