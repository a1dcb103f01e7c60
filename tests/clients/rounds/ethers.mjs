// ethers v6: HTTP, where it puts requests into batches by itself, and WebSocket.
import assert from 'node:assert/strict';
import {
  AbiCoder,
  ContractFactory,
  JsonRpcProvider,
  NonceManager,
  Wallet,
  WebSocketProvider,
  isError,
  keccak256,
} from 'ethers';
import {
  chainId,
  coin,
  consecutive,
  keys,
  least,
  median,
  node,
  receipts,
  round,
  supply,
  until,
  votes,
} from '../lib/round.mjs';
import { checkProof } from '../lib/proof.mjs';

// Kept for 250 ms, as ethers does by default, an answer is older than the blocks here: the nonce of the next
// transaction would be that of the last one.
const options = { staticNetwork: true, cacheTimeout: -1, pollingInterval: 50 };
const provider = new JsonRpcProvider(node.http, chainId, options);
const wallet = new Wallet(keys.ethers, provider);
const other = Wallet.createRandom().address;
const { abi, bytecode } = votes;

let token;
let created;
let written;

const nonceOf = (tag) => provider.getTransactionCount(wallet.address, tag);
const transfer = async (value) => (await token.transfer(other, value)).wait();
const feesOf = async () => {
  const { maxFeePerGas, maxPriorityFeePerGas } = await provider.getFeeData();
  return { maxFeePerGas, maxPriorityFeePerGas };
};

// The error of that code that a call throws.
async function thrown(code, call) {
  const error = await call.then(
    () => assert.fail(`no ${code}`),
    (error) => error,
  );
  if (!isError(error, code)) throw error;
  return error;
}

async function reverts(call) {
  const { revert } = await thrown('CALL_EXCEPTION', call);
  return [revert?.name, ...(revert?.args ?? [])];
}

await round({
  async connect() {
    const asking = new JsonRpcProvider(node.http, undefined, { pollingInterval: 50 });
    assert.equal((await asking.getNetwork()).chainId, BigInt(chainId));
    assert((await asking.getBalance(wallet.address)) > 1_000n * coin);
    assert.deepEqual(await asking.listAccounts().then((all) => (node.peer ? [] : all)), []);
    const version = await asking.send('web3_clientVersion', []);
    asking.destroy();
    return version;
  },

  async deploy() {
    const made = await new ContractFactory(abi, bytecode, wallet).deploy('ethers', wallet.address, supply);
    token = await made.waitForDeployment();
    created = (await made.deploymentTransaction().wait()).blockNumber;
    assert.equal(await token.name(), 'ethers');
    assert.notEqual(await provider.getCode(token.target), '0x');
  },

  async write() {
    assert.equal(await token.transfer.staticCall(other, coin), true);
    const moved = await transfer(coin);
    assert.deepEqual([...moved.logs[0].args], [wallet.address, other, coin]);
    written = await (await token.delegate(wallet.address)).wait();
    assert.deepEqual(
      written.logs.map((log) => log.fragment.name),
      ['DelegateChanged', 'DelegateVotesChanged'],
    );
    const block = await provider.getBlock(written.blockHash, true);
    assert.equal(block.getPrefetchedTransaction(written.hash).from, wallet.address);
    // The manager counts nonces by itself, so nothing waits for a receipt here.
    const manager = new NonceManager(wallet);
    const burst = await Promise.all([...Array(20)].map(() => manager.sendTransaction({ to: other, value: 1n })));
    const mined = await Promise.all(burst.map((transaction) => transaction.wait()));
    assert(mined.every((receipt) => receipt.status === 1));
    assert.equal(await provider.getBalance(other), 20n);
  },

  async read() {
    assert.equal(await token.getVotes(wallet.address), supply - coin);
    assert.equal(await token.balanceOf(other), coin);
  },

  async past() {
    const before = written.blockNumber - 1;
    assert.equal(await token.getVotes(wallet.address, { blockTag: before }), 0n);
    assert.equal(await token.getPastVotes(wallet.address, written.blockNumber), supply - coin);
    assert.equal(await provider.getCode(token.target, created - 1), '0x');
    assert((await provider.getBalance(wallet.address, before)) > (await provider.getBalance(wallet.address)));
    assert.equal(
      (await provider.getTransactionCount(wallet.address, created - 1)) + 1,
      await provider.getTransactionCount(wallet.address, created),
    );
  },

  async events() {
    await transfer(1n);
    const all = await token.queryFilter(token.filters.Transfer(), created);
    assert.deepEqual(
      all.map((log) => log.args.value),
      [supply, coin, 1n],
    );
    const mine = await token.queryFilter(token.filters.Transfer(wallet.address), created, 'latest');
    assert.deepEqual(
      mine.map((log) => log.args.value),
      [coin, 1n],
    );
    const one = await provider.getLogs({ address: token.target, blockHash: written.blockHash });
    assert.deepEqual(
      one.map((log) => log.index),
      [0, 1],
    );
    const either = await provider.getLogs({
      address: [token.target, other],
      topics: [['DelegateChanged', 'Transfer'].map((name) => token.interface.getEvent(name).topicHash)],
      fromBlock: created,
    });
    assert.equal(either.length, 4);
  },

  'follow-ws': async () => {
    const socket = new (counting(WebSocketProvider))(node.ws, chainId, options);
    await follow(socket, 'eth_unsubscribe', 3);
    await socket.destroy();
  },

  // By filters, as ethers does without further words, and by asking for the logs of each new block.
  'follow-http': async () => {
    for (const [polling, filters] of [
      [false, 2],
      [true, 1],
    ]) {
      const asking = new (counting(JsonRpcProvider))(node.http, chainId, { ...options, polling });
      await follow(asking, 'eth_uninstallFilter', filters);
      asking.destroy();
    }
  },

  async 'revert-call'() {
    const owned = await token.balanceOf(wallet.address);
    assert.deepEqual(await reverts(token.transfer.staticCall(other, supply * 2n)), [
      'InsufficientBalance',
      wallet.address,
      owned,
      supply * 2n,
    ]);
    const error = await thrown('CALL_EXCEPTION', token.getPastVotes(wallet.address, 10n ** 9n));
    assert.deepEqual([error.action, error.revert.name, error.revert.args[0]], ['call', 'FutureLookup', 10n ** 9n]);
  },

  async 'revert-estimate'() {
    const zero = `0x${'00'.repeat(20)}`;
    const error = await thrown('CALL_EXCEPTION', token.transfer.estimateGas(zero, 1n));
    const { name, args } = token.interface.parseError(error.data);
    assert.deepEqual([error.action, name, ...args], ['estimateGas', 'InvalidReceiver', zero]);
    // Without a gas limit sending estimates first.
    assert.equal((await thrown('CALL_EXCEPTION', token.transfer(zero, 1n))).data, error.data);
  },

  async fees() {
    const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = await provider.getFeeData();
    const history = await provider.send('eth_feeHistory', ['0x4', 'latest', [50]]);
    const next = BigInt(history.baseFeePerGas.at(-1));
    assert(gasPrice >= next && maxFeePerGas >= next + maxPriorityFeePerGas);
    return `price ${gasPrice} wei, tip ${maxPriorityFeePerGas} wei`;
  },

  'type-0': async () => sent(0, { gasPrice: (await provider.getFeeData()).gasPrice }),
  'type-1': async () =>
    sent(1, {
      gasPrice: (await provider.getFeeData()).gasPrice,
      accessList: [{ address: token.target, storageKeys: [`0x${'00'.repeat(32)}`] }],
    }),
  'type-2': async () => sent(2, await feesOf()),

  async finality() {
    await transfer(1n);
    const [latest, finalized, safe] = await Promise.all(
      ['latest', 'finalized', 'safe'].map((tag) => provider.getBlock(tag)),
    );
    assert(finalized.number <= safe.number && safe.number <= latest.number);
    if (!node.peer) assert.deepEqual([finalized.hash, safe.hash], [latest.hash, latest.hash]);
    return `${latest.number - finalized.number} behind`;
  },

  async proof() {
    // `balanceOf` lies in slot 1: keccak256(account ‖ 1).
    const slot = keccak256(AbiCoder.defaultAbiCoder().encode(['address', 'uint256'], [wallet.address, 1n]));
    const { number, stateRoot } = await provider.getBlock('latest');
    const proof = await provider.send('eth_getProof', [token.target, [slot], `0x${number.toString(16)}`]);
    checkProof(stateRoot, proof);
    assert.equal(proof.codeHash, keccak256(await provider.getCode(token.target)));
    const owned = await token.balanceOf(wallet.address);
    assert.deepEqual([proof.storageProof[0].value, await provider.getStorage(token.target, slot)].map(BigInt), [
      owned,
      owned,
    ]);
  },

  async failed() {
    const transaction = await token.transfer(other, supply * 2n, { gasLimit: 100_000n });
    const { receipt } = await thrown('CALL_EXCEPTION', transaction.wait());
    assert.deepEqual([receipt.status, receipt.logs.length, receipt.hash], [0, 0, transaction.hash]);
    assert.equal((await provider.getTransactionReceipt(transaction.hash)).gasUsed, receipt.gasUsed);
  },

  async nonces() {
    const nonce = await nonceOf('latest');
    const base = { to: other, value: 1n, gasLimit: 21_000n, type: 2, ...(await feesOf()) };
    const ahead = await wallet.sendTransaction({ ...base, nonce: nonce + 1 });
    assert.equal(await nonceOf('pending'), nonce);
    assert.equal((await provider.getTransaction(ahead.hash)).blockNumber, null);
    await thrown('REPLACEMENT_UNDERPRICED', wallet.sendTransaction({ ...base, value: 2n, nonce: nonce + 1 }));
    const replaced = await wallet.sendTransaction({
      ...base,
      value: 3n,
      nonce: nonce + 1,
      maxFeePerGas: base.maxFeePerGas * 2n,
      maxPriorityFeePerGas: base.maxPriorityFeePerGas * 2n + 1n,
    });
    await wallet.sendTransaction({ ...base, nonce });
    await replaced.wait();
    assert.deepEqual([await nonceOf('pending'), await nonceOf('latest')], [nonce + 2, nonce + 2]);
    // Whoever waits for the first of the two is told of the other.
    const error = await thrown('TRANSACTION_REPLACED', ahead.wait());
    assert.equal(error.replacement.hash, replaced.hash);
  },

  async refusals() {
    const nonce = await nonceOf('latest');
    const base = { to: other, value: 1n, gasLimit: 21_000n, type: 2, nonce, ...(await feesOf()) };
    await thrown('NONCE_EXPIRED', wallet.sendTransaction({ ...base, nonce: nonce - 1 }));
    const poor = Wallet.createRandom().connect(provider);
    await thrown('INSUFFICIENT_FUNDS', poor.sendTransaction({ ...base, nonce: 0 }));
    if (!node.peer)
      await thrown(
        'INSUFFICIENT_FUNDS',
        poor.estimateGas({ to: other, value: coin, maxFeePerGas: base.maxFeePerGas, maxPriorityFeePerGas: 0n }),
      );
    // Signed for no chain in particular, anybody could send it on every chain.
    const unprotected = await wallet.signTransaction({
      to: other,
      value: 1n,
      gasLimit: 21_000n,
      gasPrice: base.maxFeePerGas,
      type: 0,
      nonce,
    });
    if (!node.peer) await thrown('UNSUPPORTED_OPERATION', provider.broadcastTransaction(unprotected));
    assert.equal(await nonceOf('latest'), nonce);
  },

  async absent() {
    const head = await provider.getBlockNumber();
    const asked = [...Array(60).keys()].map((at) => provider.getBlock(head - (at % 5)));
    const absent = thrown(node.peer ? 'UNKNOWN_ERROR' : 'UNSUPPORTED_OPERATION', provider.send('pars_absent', []));
    const found = await Promise.all(asked);
    found.forEach((block, at) => assert.equal(block.number, head - (at % 5)));
    await absent;
  },

  async latency() {
    const times = [];
    const fees = await feesOf();
    let nonce = await nonceOf('latest');
    for (let at = 0; at < 20; at++) {
      const raw = await wallet.signTransaction({
        type: 2,
        chainId,
        to: other,
        value: 1n,
        gasLimit: 21_000n,
        nonce: nonce++,
        ...fees,
      });
      const start = performance.now();
      await (await provider.broadcastTransaction(raw)).wait();
      times.push(performance.now() - start);
    }
    return receipts(median(times));
  },
});

// A provider that knows what it waits for: ethers subscribes and unsubscribes in the background and tells nobody when
// that is over, and answers on a socket need not come in the order of the questions.
function counting(Provider) {
  return class extends Provider {
    waiting = 0;
    answers = [];

    async send(method, values) {
      this.waiting += 1;
      try {
        const answer = await super.send(method, values);
        this.answers.push({ method, answer });
        return answer;
      } finally {
        this.waiting -= 1;
      }
    }

    // Until everything is answered that is asked already, and whatever ethers asks at once when it reads an answer.
    idle() {
      return until('answers', async () => {
        await new Promise(setImmediate);
        return this.waiting === 0;
      });
    }
  };
}

// Sends three transfers and sees each once, in order, with every block between them. Whatever was subscribed to or
// installed is given back at the end, by calls of that name.
async function follow(watching, ends, count) {
  const [heads, values, pending] = [[], [], []];
  const mine = token.connect(watching);
  await mine.on(mine.filters.Transfer(wallet.address), (event) => values.push(event.args.value));
  await watching.on('block', (number) => heads.push(number));
  await watching.on('pending', (hash) => pending.push(hash));
  await watching.idle();
  const sent = [];
  for (const value of [11n, 12n, 13n]) {
    sent.push(await transfer(value));
    // By polling, ethers asks for logs and filters' changes once a block that it finds, without waiting for the last
    // answer: two blocks in one poll may be reported twice, or not before the next one. So it has each before the next
    // is sent; a socket takes them as they come.
    if (!(watching instanceof WebSocketProvider)) await seen(sent.length);
  }
  await seen(3);
  // What is reported twice or too late comes with answers that are under way.
  await watching.idle();
  await watching.removeAllListeners();
  await watching.idle();
  assert.deepEqual(values, [11n, 12n, 13n]);
  consecutive(heads);
  assert(sent.every(({ blockNumber }) => heads.includes(blockNumber)));
  assert.deepEqual(
    pending,
    sent.map((receipt) => receipt.hash),
  );
  assert.deepEqual(
    watching.answers.filter(({ method }) => method === ends).map(({ answer }) => answer),
    Array(count).fill(true),
  );

  function seen(total) {
    return until(
      'events',
      () => values.length >= total && pending.length >= total && heads.includes(sent[total - 1].blockNumber),
    );
  }
}

// Sends coins with these fees and checks what they cost.
async function sent(type, fees) {
  const before = await provider.getBalance(wallet.address);
  const receipt = await (await wallet.sendTransaction({ type, to: other, value: 5n, ...fees })).wait();
  assert.deepEqual([receipt.status, receipt.type], [1, type]);
  const { baseFeePerGas } = await provider.getBlock(receipt.blockHash);
  const price = fees.gasPrice ?? least(fees.maxFeePerGas, baseFeePerGas + fees.maxPriorityFeePerGas);
  assert.equal(receipt.gasPrice, price);
  assert.equal(await provider.getBalance(wallet.address), before - 5n - receipt.gasUsed * price);
}
