// viem: HTTP with batches, and WebSocket.
import assert from 'node:assert/strict';
import {
  BaseError,
  ContractFunctionRevertedError,
  FeeCapTooLowError,
  InsufficientFundsError,
  IntrinsicGasTooLowError,
  NonceTooLowError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeAbiParameters,
  encodeFunctionData,
  getAbiItem,
  getContract,
  http,
  keccak256,
  parseEventLogs,
  webSocket,
} from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
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

const chain = defineChain({
  id: chainId,
  name: 'Pars',
  nativeCurrency: { name: 'PARS', symbol: 'PARS', decimals: 18 },
  rpcUrls: { default: { http: [node.http], webSocket: [node.ws] } },
});
const account = privateKeyToAccount(keys.viem);
const other = privateKeyToAccount(generatePrivateKey()).address;
const transport = http(node.http, { batch: true, retryCount: 0 });
const client = createPublicClient({ chain, transport, pollingInterval: 50, cacheTime: 0 });
const wallet = createWalletClient({ account, chain, transport });
const { abi, bytecode } = votes;
const transferEvent = getAbiItem({ abi, name: 'Transfer' });
// What viem polls, beside blocks.
const FILTERS = ['eth_newFilter', 'eth_newPendingTransactionFilter'];

let token;
let created;
let written;

const receiptOf = (hash) => client.waitForTransactionReceipt({ hash, timeout: 20_000 });
const transfer = async (value) => {
  const receipt = await receiptOf(await token.write.transfer([other, value]));
  assert.equal(receipt.status, 'success');
  return receipt;
};
const pastNonce = () => client.getTransactionCount({ address: account.address });

// The error of that class in what a call throws.
async function thrown(type, call) {
  const error = await call.then(
    () => assert.fail(`no ${type.name}`),
    (error) => error,
  );
  const found = error instanceof BaseError && error.walk((inner) => inner instanceof type);
  if (!found) throw error;
  return found;
}

async function reverts(call) {
  const { data } = await thrown(ContractFunctionRevertedError, call);
  return [data?.errorName, ...(data?.args ?? [])];
}

await round({
  async connect() {
    assert.equal(await client.getChainId(), chainId);
    assert.equal(await client.request({ method: 'net_version' }), String(chainId));
    assert((await client.getBalance({ address: account.address })) > 1_000n * coin);
    return client.request({ method: 'web3_clientVersion' });
  },

  async deploy() {
    const hash = await wallet.deployContract({ abi, bytecode, args: ['viem', account.address, supply] });
    const receipt = await receiptOf(hash);
    assert.equal(receipt.status, 'success');
    created = receipt.blockNumber;
    token = getContract({ abi, address: receipt.contractAddress, client: { public: client, wallet } });
    assert.equal(await token.read.name(), 'viem');
  },

  async write() {
    const { request } = await client.simulateContract({
      account,
      abi,
      address: token.address,
      functionName: 'transfer',
      args: [other, coin],
    });
    const moved = await receiptOf(await wallet.writeContract(request));
    const [event] = parseEventLogs({ abi, logs: moved.logs, eventName: 'Transfer' });
    assert.deepEqual(event.args, { from: account.address, to: other, value: coin });
    const delegated = await receiptOf(await token.write.delegate([account.address]));
    const names = parseEventLogs({ abi, logs: delegated.logs }).map((log) => log.eventName);
    assert.deepEqual(names, ['DelegateChanged', 'DelegateVotesChanged']);
    written = delegated;
    const transaction = await client.getTransaction({ hash: delegated.transactionHash });
    assert.equal(transaction.type, 'eip1559');
    assert.equal(transaction.blockHash, delegated.blockHash);
    const block = await client.getBlock({ blockHash: delegated.blockHash, includeTransactions: true });
    assert.equal(block.transactions[delegated.transactionIndex].hash, delegated.transactionHash);
  },

  async read() {
    assert.equal(await token.read.getVotes([account.address]), supply - coin);
    assert.equal(await token.read.balanceOf([other]), coin);
    const multicall = {
      contracts: ['totalSupply', 'symbol', 'decimals'].map((functionName) => ({
        abi,
        address: token.address,
        functionName,
      })),
    };
    const found = await client.multicall({ ...multicall, deployless: true, allowFailure: false });
    assert.deepEqual(found, [supply, 'VOTE', 18]);
  },

  async past() {
    await transfer(1n);
    const before = { blockNumber: written.blockNumber - 1n };
    assert.equal(await token.read.getVotes([account.address], before), 0n);
    assert.equal(await token.read.getPastVotes([account.address, before.blockNumber]), 0n);
    assert.equal(await token.read.getPastVotes([account.address, written.blockNumber]), supply - coin);
    assert.equal(await client.getCode({ address: token.address, blockNumber: created - 1n }), undefined);
    const [then, now] = [
      await client.getBalance({ address: account.address, ...before }),
      await client.getBalance({ address: account.address }),
    ];
    assert(then > now);
    // viem knows blocks by hash in eth_call alone (EIP-1898).
    const data = encodeFunctionData({ abi, functionName: 'getVotes', args: [account.address] });
    const byHash = await client.request({
      method: 'eth_call',
      params: [{ to: token.address, data }, { blockHash: written.blockHash }],
    });
    assert.equal(BigInt(byHash), supply - coin);
  },

  async events() {
    const range = { address: token.address, event: transferEvent, fromBlock: created };
    const all = await client.getLogs({ ...range, toBlock: 'latest' });
    assert.deepEqual(
      all.map((log) => log.args.value),
      [supply, coin, 1n],
    );
    const mine = await client.getLogs({
      ...range,
      args: { from: account.address },
      toBlock: 'finalized',
      strict: true,
    });
    assert(node.peer || mine.length === 2, `${mine.length} logs up to the finalized block`);
    const one = await client.getLogs({ address: token.address, blockHash: written.blockHash });
    assert.deepEqual(
      one.map((log) => log.logIndex),
      [0, 1],
    );
    assert.deepEqual(
      await token.getEvents
        .Transfer({ to: account.address }, { fromBlock: created, strict: true })
        .then((logs) => logs.map((log) => log.args.value)),
      [supply],
    );
    const filter = await client.createContractEventFilter({
      abi,
      address: token.address,
      eventName: 'Transfer',
      fromBlock: created,
    });
    assert.equal((await client.getFilterLogs({ filter })).length, 3);
    assert.equal(await client.uninstallFilter({ filter }), true);
  },

  'follow-ws': () => follow(webSocket(node.ws, { retryCount: 0 }), false),
  'follow-http': () => follow(transport, true),

  async 'revert-call'() {
    const owned = await token.read.balanceOf([account.address]);
    const call = { account, abi, address: token.address, functionName: 'transfer' };
    assert.deepEqual(await reverts(client.simulateContract({ ...call, args: [other, supply * 2n] })), [
      'InsufficientBalance',
      account.address,
      owned,
      supply * 2n,
    ]);
    const head = await client.getBlockNumber();
    assert.deepEqual(await reverts(token.read.getPastVotes([account.address, head + 1_000n])), [
      'FutureLookup',
      head + 1_000n,
      head,
    ]);
  },

  async 'revert-estimate'() {
    const zero = '0x0000000000000000000000000000000000000000';
    assert.deepEqual(await reverts(token.estimateGas.transfer([zero, 1n])), ['InvalidReceiver', zero]);
    // Without a gas limit sending estimates first, so the error has a name there too.
    assert.deepEqual(await reverts(token.write.transfer([zero, 1n])), ['InvalidReceiver', zero]);
  },

  async fees() {
    const [price, tip, suggested] = [
      await client.getGasPrice(),
      await client.estimateMaxPriorityFeePerGas(),
      await client.estimateFeesPerGas(),
    ];
    const history = await client.getFeeHistory({ blockCount: 4, rewardPercentiles: [10, 50, 90] });
    assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
    assert.equal(history.reward.length, history.gasUsedRatio.length);
    assert(history.reward.every((row) => row.length === 3));
    const next = history.baseFeePerGas.at(-1);
    assert(
      price >= next && suggested.maxFeePerGas >= next + tip,
      `price ${price}, cap ${suggested.maxFeePerGas}, next base fee ${next}`,
    );
    return `price ${price} wei, tip ${tip} wei`;
  },

  'type-0': async () => sent('legacy', { gasPrice: await client.getGasPrice() }),
  'type-1': async () =>
    sent('eip2930', {
      gasPrice: await client.getGasPrice(),
      accessList: [{ address: token.address, storageKeys: [`0x${'00'.repeat(32)}`] }],
    }),
  'type-2': async () => {
    const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
    await sent('eip1559', { maxFeePerGas, maxPriorityFeePerGas });
  },

  async finality() {
    await transfer(1n);
    const [latest, finalized, safe] = await Promise.all(
      ['latest', 'finalized', 'safe'].map((blockTag) => client.getBlock({ blockTag })),
    );
    assert(finalized.number <= safe.number && safe.number <= latest.number);
    if (!node.peer) assert.deepEqual([finalized.hash, safe.hash], [latest.hash, latest.hash]);
    return `${latest.number - finalized.number} behind`;
  },

  async proof() {
    // `balanceOf` lies in slot 1: keccak256(account ‖ 1).
    const slot = keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [account.address, 1n]));
    const absent = keccak256('0x00');
    const block = await client.getBlock();
    const proof = await client.getProof({
      address: token.address,
      storageKeys: [slot, absent],
      blockNumber: block.number,
    });
    checkProof(block.stateRoot, proof);
    assert.throws(() => checkProof(block.stateRoot, { ...proof, balance: proof.balance + 1n }), /account/);
    assert.equal(
      proof.storageProof[0].value,
      await token.read.balanceOf([account.address], { blockNumber: block.number }),
    );
    assert.equal(await client.getStorageAt({ address: token.address, slot }).then(BigInt), proof.storageProof[0].value);
  },

  async failed() {
    const hash = await token.write.transfer([other, supply * 2n], { gas: 100_000n });
    const receipt = await receiptOf(hash);
    assert.equal(receipt.status, 'reverted');
    assert.deepEqual([receipt.logs.length, receipt.to], [0, token.address.toLowerCase()]);
    assert(receipt.gasUsed > 21_000n && receipt.gasUsed < 100_000n && receipt.effectiveGasPrice > 0n);
  },

  async nonces() {
    const nonce = await pastNonce();
    const base = { to: other, value: 1n, gas: 21_000n, ...(await client.estimateFeesPerGas()) };
    const ahead = await wallet.sendTransaction({ ...base, nonce: nonce + 1 });
    assert.equal(await client.getTransactionCount({ address: account.address, blockTag: 'pending' }), nonce);
    const waiting = await client.getTransaction({ hash: ahead });
    assert.deepEqual([waiting.blockHash, waiting.blockNumber, waiting.transactionIndex], [null, null, null]);
    await thrown(BaseError, wallet.sendTransaction({ ...base, value: 2n, nonce: nonce + 1 })).then(({ details }) =>
      assert.match(details ?? '', /^replacement transaction underpriced/),
    );
    const replaced = await wallet.sendTransaction({
      ...base,
      value: 3n,
      nonce: nonce + 1,
      maxFeePerGas: base.maxFeePerGas * 2n,
      maxPriorityFeePerGas: base.maxPriorityFeePerGas * 2n + 1n,
    });
    await wallet.sendTransaction({ ...base, nonce });
    await receiptOf(replaced);
    assert.equal(await client.getTransactionCount({ address: account.address, blockTag: 'pending' }), nonce + 2);
    assert.equal(await pastNonce(), nonce + 2);
    await assert.rejects(client.getTransaction({ hash: ahead }), { name: 'TransactionNotFoundError' });
  },

  async refusals() {
    const nonce = await pastNonce();
    const base = { to: other, value: 1n, gas: 21_000n, nonce, ...(await client.estimateFeesPerGas()) };
    await thrown(NonceTooLowError, wallet.sendTransaction({ ...base, nonce: nonce - 1 }));
    const poor = createWalletClient({ account: privateKeyToAccount(generatePrivateKey()), chain, transport });
    await thrown(InsufficientFundsError, poor.sendTransaction({ ...base, nonce: 0 }));
    await thrown(IntrinsicGasTooLowError, wallet.sendTransaction({ ...base, gas: 20_999n }));
    // A fee cap below the base fee is refused in a call; sent, it may wait in a pool for a lower base fee.
    if (!node.peer)
      await thrown(FeeCapTooLowError, client.call({ account, to: other, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n }));
    assert.equal(await pastNonce(), nonce);
  },

  async absent() {
    const head = await client.getBlockNumber();
    const asked = [...Array(60).keys()].map((at) => client.getBlock({ blockNumber: head - BigInt(at % 5) }));
    const absent = client.request({ method: 'pars_absent' });
    const found = await Promise.all([
      ...asked,
      absent.then(
        () => assert.fail(),
        (error) => error,
      ),
    ]);
    found.slice(0, -1).forEach((block, at) => assert.equal(block.number, head - BigInt(at % 5)));
    assert.equal(found.at(-1).code, -32601);
    assert.equal(found.at(-1).name, 'MethodNotFoundRpcError');
  },

  async latency() {
    const times = [];
    const fees = await client.estimateFeesPerGas();
    let nonce = await pastNonce();
    for (let at = 0; at < 20; at++) {
      const raw = await wallet.signTransaction({
        type: 'eip1559',
        to: other,
        value: 1n,
        gas: 21_000n,
        nonce: nonce++,
        ...fees,
      });
      const start = performance.now();
      await receiptOf(await client.sendRawTransaction({ serializedTransaction: raw }));
      times.push(performance.now() - start);
    }
    return receipts(median(times));
  },
});

// Sends three transfers and sees each once, in order, with every block between them.
async function follow(transport, poll) {
  const [heads, values, pending, errors, begun] = [[], [], [], [], []];
  const watching = createPublicClient({ chain, transport: telling(transport, begun), pollingInterval: 50 });
  const onError = (error) => errors.push(error);
  const stop = [
    watching.watchBlocks({ onBlock: (block) => heads.push(block.number), onError, poll, emitMissed: poll }),
    watching.watchContractEvent({
      abi,
      address: token.address,
      eventName: 'Transfer',
      args: { from: account.address },
      strict: true,
      onError,
      poll,
      onLogs: (logs) => values.push(...logs.map((log) => log.args.value)),
    }),
    watching.watchPendingTransactions({ onTransactions: (hashes) => pending.push(...hashes), onError, poll }),
  ];
  await until('what begins', () =>
    poll ? heads.length > 0 && FILTERS.every((method) => begun.includes(method)) : begun.length === stop.length,
  );
  const sent = [];
  for (const value of [11n, 12n, 13n]) sent.push(await transfer(value));
  await until('events', () => values.length >= 3 && heads.includes(sent[2].blockNumber) && pending.length >= 3);
  for (const end of stop) end();
  assert.deepEqual(values, [11n, 12n, 13n]);
  assert.deepEqual(errors, []);
  // For each head of a socket viem asks for its block, and tells them as they are answered.
  consecutive(poll ? heads : heads.sort((a, b) => Number(a - b)));
  assert(sent.every(({ blockNumber }) => heads.includes(blockNumber)));
  assert.deepEqual(
    pending,
    sent.map((receipt) => receipt.transactionHash),
  );
}

// A transport that notes which subscriptions and filters there are: viem asks for them in the background and tells
// nobody when they have begun.
function telling(transport, begun) {
  return (options) => {
    const { config, request, value } = transport(options);
    const noting = (ask) => async (asked) => {
      const answer = await ask(asked);
      if (!asked.method || FILTERS.includes(asked.method)) begun.push(asked.method);
      return answer;
    };
    const subscribe = value?.subscribe && { subscribe: noting(value.subscribe) };
    return { config, request: noting(request), value: { ...value, ...subscribe } };
  };
}

// Sends coins with these fees and checks what they cost.
async function sent(type, fees) {
  const before = await client.getBalance({ address: account.address });
  const hash = await wallet.sendTransaction({ type, to: other, value: 5n, ...fees });
  const receipt = await receiptOf(hash);
  assert.deepEqual([receipt.status, receipt.type], ['success', type]);
  const block = await client.getBlock({ blockHash: receipt.blockHash });
  const price = fees.gasPrice ?? least(fees.maxFeePerGas, block.baseFeePerGas + fees.maxPriorityFeePerGas);
  assert.equal(receipt.effectiveGasPrice, price);
  assert.equal(await client.getBalance({ address: account.address }), before - 5n - receipt.gasUsed * price);
}
