// cast: one process a question.
import assert from 'node:assert/strict';
import { zeroAddress } from 'viem';
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts';
import { chainId, coin, keys, median, node, partly, receipts, round, supply, until, votes } from '../lib/round.mjs';
import { lines, output } from '../lib/program.mjs';
import { checkProof } from '../lib/proof.mjs';

const env = { ...process.env, ETH_RPC_URL: node.http };
const account = privateKeyToAddress(keys.cast);
const other = privateKeyToAddress(generatePrivateKey());
const key = ['--private-key', keys.cast];

let token;
let created;
let written;

const cast = (...args) => output('cast', args.map(String), { env });
const json = async (...args) => JSON.parse(await cast(...args, '--json'));
const call = (...args) => cast('call', token, ...args).then((printed) => BigInt(printed.split(' ')[0]));
const send = (...args) => json('send', ...key, ...args);
const transfer = (value) => send(token, TRANSFER, other, value);
const balance = async (...args) => BigInt(await cast('balance', account, ...args));
const nonceOf = async (tag) => Number(await cast('nonce', account, '--block', tag));
const base = (nonce) => [other, '--value', 1, '--gas-limit', 21_000, '--nonce', nonce];

const TRANSFER = 'transfer(address,uint256)(bool)';
const VOTES = 'getVotes(address)(uint256)';
const PAST = 'getPastVotes(address,uint256)(uint256)';

// What a revert says, decoded by cast.
async function reverts(error, running) {
  const { message } = await running.then(
    () => assert.fail(`no ${error}`),
    (failed) => failed,
  );
  assert.match(message, /error code 3: execution reverted/);
  const [, data] = message.match(/data: "(0x[0-9a-f]+)"/);
  return (await cast('decode-error', '--sig', error, data)).split('\n').map((line) => line.split(' ')[0]);
}

await round({
  async connect() {
    assert.equal(await cast('chain-id'), String(chainId));
    assert((await balance()) > 1_000n * coin);
    assert(Number(await cast('block-number')) >= 0);
    const modules = node.peer ? '' : Object.keys(await json('rpc', 'rpc_modules')).join(' ');
    return `${await cast('client')} ${modules}`.trim();
  },

  async deploy() {
    const receipt = await send(
      '--create',
      votes.bytecode,
      'constructor(string,address,uint192)',
      'cast',
      account,
      supply,
    );
    assert.equal(receipt.status, '0x1');
    token = receipt.contractAddress;
    created = Number(receipt.blockNumber);
    assert.equal(await cast('call', token, 'name()(string)'), '"cast"');
    assert.notEqual(await cast('code', token), '0x');
  },

  async write() {
    const moved = await transfer(coin);
    assert.deepEqual([moved.status, BigInt(moved.logs[0].data)], ['0x1', coin]);
    written = await send(token, 'delegate(address)', account);
    assert.equal(written.logs.length, 2);
    const hash = written.transactionHash;
    assert.equal((await json('receipt', hash)).blockHash, written.blockHash);
    assert.equal((await json('tx', hash)).blockHash, written.blockHash);
    assert((await json('block', written.blockHash)).transactions.includes(hash));
  },

  async read() {
    assert.equal(await call(VOTES, account), supply - coin);
    assert.equal(BigInt(await cast('storage', token, await cast('index', 'address', account, 1))), supply - coin);
  },

  async past() {
    await transfer(1);
    const [before, at] = [Number(written.blockNumber) - 1, Number(written.blockNumber)];
    assert.equal(await call(VOTES, account, '--block', before), 0n);
    assert.equal(await call(VOTES, account, '--block', written.blockHash), supply - coin);
    assert.equal(await call(PAST, account, at), supply - coin);
    assert.equal(await cast('code', token, '--block', created - 1), '0x');
    assert((await balance('--block', before)) > (await balance()));
  },

  async events() {
    const wanted = ['--from-block', created, '--address', token, 'Transfer(address indexed,address indexed,uint256)'];
    const all = await json('logs', ...wanted);
    assert.deepEqual(
      all.map((log) => BigInt(log.data)),
      [supply, coin, 1n],
    );
    const mine = await json('logs', '--to-block', 'latest', ...wanted, account);
    assert.deepEqual(
      mine.map((log) => BigInt(log.data)),
      [coin, 1n],
    );
    // `cast logs` knows ranges alone.
    const byHash = JSON.stringify([{ address: token, blockHash: written.blockHash }]);
    assert.deepEqual(await json('rpc', 'eth_getLogs', '--raw', byHash), written.logs);
  },

  'follow-ws': partly('heads and pending transactions: cast follows logs alone', async () => {
    const [seen, sent] = [[], []];
    const subscription = [
      'logs',
      '--subscribe',
      '--address',
      token,
      '--rpc-url',
      node.ws,
      'Transfer(address indexed,address indexed,uint256)',
    ];
    const next = async () => {
      sent.push(BigInt(sent.length + 11));
      await transfer(sent.at(-1));
    };
    const stop = lines('cast', subscription, { env }, (line) => {
      if (line.startsWith('  data: ')) seen.push(BigInt(line.slice(8)));
    });
    try {
      // cast does not say when it has subscribed; from the first event that it shows on, none may be missing.
      await until('the first event', async () => {
        await next();
        return seen.length > 0;
      });
      for (let more = 0; more < 3; more++) await next();
      await until('events', () => seen.includes(sent.at(-1)));
    } finally {
      stop();
    }
    assert(seen.length > 3);
    assert.deepEqual(seen, sent.slice(-seen.length));
    // Sending by WebSocket waits for a head instead of asking again and again.
    assert.equal((await send(token, TRANSFER, other, 10, '--rpc-url', node.ws)).status, '0x1');
  }),

  'follow-http': 'cast follows by WebSocket alone',

  async 'revert-call'() {
    const running = cast('call', token, TRANSFER, other, supply * 2n, '--from', account);
    const said = await reverts('InsufficientBalance(address,uint256,uint256)', running);
    assert.deepEqual(said, [account, String(await call('balanceOf(address)(uint256)', account)), String(supply * 2n)]);
    const [wanted] = await reverts('FutureLookup(uint256,uint256)', call(PAST, account, 10 ** 9));
    assert.equal(wanted, String(10 ** 9));
  },

  async 'revert-estimate'() {
    assert(Number(await cast('estimate', token, TRANSFER, other, 1, '--from', account)) > 21_000);
    const running = cast('estimate', token, TRANSFER, zeroAddress, 1, '--from', account);
    assert.deepEqual(await reverts('InvalidReceiver(address)', running), [zeroAddress]);
    assert.deepEqual(await reverts('InvalidReceiver(address)', send(token, TRANSFER, zeroAddress, 1)), [zeroAddress]);
  },

  async fees() {
    const [price, next] = [BigInt(await cast('gas-price')), BigInt(await cast('base-fee'))];
    const tip = BigInt(JSON.parse(await cast('rpc', 'eth_maxPriorityFeePerGas')));
    const history = JSON.parse(await cast('rpc', 'eth_feeHistory', '0x4', 'latest', '[50]'));
    assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
    assert(
      price >= BigInt(history.baseFeePerGas.at(-1)),
      `price ${price}, next ${history.baseFeePerGas.at(-1)}, base fee ${next}`,
    );
    return `price ${price} wei, tip ${tip} wei`;
  },

  'type-0': async () => sent('0x0', '--legacy', '--gas-price', await cast('gas-price')),
  'type-1': async () =>
    sent(
      '0x1',
      '--legacy',
      '--gas-price',
      await cast('gas-price'),
      '--access-list',
      JSON.stringify([{ address: token, storageKeys: [`0x${'00'.repeat(32)}`] }]),
    ),
  'type-2': async () => {
    const [price, tip] = [await cast('gas-price'), JSON.parse(await cast('rpc', 'eth_maxPriorityFeePerGas'))];
    await sent('0x2', '--gas-price', price, '--priority-gas-price', BigInt(tip));
  },

  async finality() {
    await transfer(1);
    const [latest, finalized, safe] = await Promise.all(
      ['latest', 'finalized', 'safe'].map((tag) => json('block', tag)),
    );
    if (!node.peer) assert.deepEqual([finalized.hash, safe.hash], [latest.hash, latest.hash]);
    return `${latest.number - finalized.number} behind`;
  },

  async proof() {
    const slot = await cast('index', 'address', account, 1);
    const { number, stateRoot } = await json('block', 'latest');
    const proof = JSON.parse(await cast('proof', token, slot, '--block', Number(number)));
    checkProof(stateRoot, proof);
    assert.equal(BigInt(proof.storageProof[0].value), await call('balanceOf(address)(uint256)', account));
  },

  async failed() {
    const receipt = await send(token, TRANSFER, other, supply * 2n, '--gas-limit', 100_000);
    assert.deepEqual([receipt.status, receipt.logs.length], ['0x0', 0]);
    assert.match(await cast('receipt', receipt.transactionHash, 'status'), /^(0|false)/);
  },

  async nonces() {
    const nonce = await nonceOf('latest');
    const price = BigInt(await cast('gas-price')) * 2n;
    const ahead = (value, gasPrice) =>
      cast(
        'send',
        '--async',
        ...key,
        '--gas-price',
        gasPrice,
        '--priority-gas-price',
        gasPrice,
        other,
        '--value',
        value,
        '--gas-limit',
        21_000,
        '--nonce',
        nonce + 1,
      );
    const first = await ahead(1, price);
    assert.equal(await nonceOf('pending'), nonce);
    const content = await pool('content');
    if (content) {
      assert.equal((await pool('status')).queued, '0x1');
      const [waiting] = Object.values(Object.values(content.queued)[0]);
      assert.equal(waiting.hash, first);
    }
    await assert.rejects(ahead(2, price), /replacement transaction underpriced/);
    const second = await ahead(3, price * 2n);
    await send(...base(nonce));
    assert.equal((await json('receipt', second)).status, '0x1');
    assert.deepEqual([await nonceOf('pending'), await nonceOf('latest')], [nonce + 2, nonce + 2]);
    return content ? undefined : 'no tx-pool (-32601)';
  },

  async refusals() {
    const nonce = await nonceOf('latest');
    await assert.rejects(send(...base(nonce - 1)), /nonce too low/i);
    await assert.rejects(json('send', '--private-key', generatePrivateKey(), ...base(0)), /insufficient funds/i);
    await assert.rejects(send(other, '--value', 1, '--gas-limit', 20_999), /intrinsic gas too low/i);
    assert.equal(await nonceOf('latest'), nonce);
  },

  absent: partly('among many requests: cast makes one at a time', async () => {
    await assert.rejects(cast('rpc', 'pars_absent'), /error code -32601/);
    // A method that this node need not have.
    const list = await cast('access-list', token, TRANSFER, other, 1, '--from', account).catch(({ message }) => {
      assert.match(message, /error code -32601/);
    });
    return list === undefined ? 'no access-list (-32601)' : undefined;
  }),

  // Each send is a process; what a process takes that asks for nothing is told beside it.
  async latency() {
    const timed = async (...args) => {
      const start = performance.now();
      await cast(...args);
      return performance.now() - start;
    };
    const price = await cast('gas-price');
    let nonce = await nonceOf('latest');
    const [starts, times] = [[], []];
    for (let at = 0; at < 20; at++) {
      starts.push(await timed('--version'));
      times.push(
        await timed(
          'send',
          ...key,
          '--gas-price',
          price,
          '--priority-gas-price',
          1,
          ...base(nonce++),
          '--chain',
          chainId,
        ),
      );
    }
    const alone = receipts(median(times) - median(starts));
    return `${alone}, ${median(times).toFixed(1)} ms with the start of the process`;
  },
});

// What waits in the pool, which a node shows where its owner switched that on.
function pool(what) {
  return json('tx-pool', what).catch(({ message }) => {
    assert.match(message, /error code -32601/);
  });
}

// Sends coins with these fees and checks what they cost.
async function sent(type, ...fees) {
  const before = await balance();
  const receipt = await send(other, '--value', 5, ...fees);
  assert.deepEqual([receipt.status, receipt.type], ['0x1', type]);
  const cost = BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice);
  assert.equal(await balance(), before - 5n - cost);
}
