// Hardhat with Ignition, hardhat-deploy and its ethers: what projects deploy with. The project is hardhat.config.cjs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZeroAddress, getCreate2Address, hexlify, isError, keccak256, randomBytes } from 'ethers';
import { chainId, coin, consecutive, node, partly, round, supply, until, votes } from '../lib/round.mjs';

const writes = mkdtempSync(join(tmpdir(), 'pars-hardhat-'));
process.on('exit', () => rmSync(writes, { recursive: true }));
process.env.HARDHAT_WRITES = writes;
// Hardhat keeps a file of its own among those of the user.
process.env.XDG_DATA_HOME = writes;
// Where `new X{salt: …}` of hardhat-deploy is sent to.
const CREATE2_PROXY = '0x4e59b44847b379578588920cA78FbF26c0B4956C';

const require = createRequire(import.meta.url);
const hre = require('hardhat');
const { buildModule } = require('@nomicfoundation/hardhat-ignition/modules');
await hre.run('compile', { quiet: true });
const { provider } = hre.ethers;
const [signer] = await hre.ethers.getSigners();
const other = hre.ethers.Wallet.createRandom().address;

let token;
let created;
let written;

const deployment = buildModule('Votes', (m) => ({
  token: m.contract('Votes', ['hardhat', m.getAccount(0), supply]),
}));
const nonceOf = (tag) => provider.getTransactionCount(signer.address, tag);
const send = async (transaction) => (await signer.sendTransaction(transaction)).wait();
const transfer = async (value) => (await token.transfer(other, value)).wait();
const ignite = (module, deploymentId) => hre.ignition.deploy(module, { deploymentId, config: hre.config.ignition });
const deploy = (options) =>
  hre.deployments.deploy('Votes', { from: signer.address, args: ['deploy', signer.address, supply], ...options });

// The error that a call throws.
function thrown(call) {
  return call.then(
    () => assert.fail('no error'),
    (error) => error,
  );
}

// Hardhat hands over what the node answers, so an error's bytes are there to be decoded.
async function reverts(call) {
  const error = await thrown(call);
  assert.equal(error.code, 3, error);
  const { name, args } = token.interface.parseError(error.data);
  return [name, ...args];
}

await round({
  async connect() {
    assert.equal((await provider.getNetwork()).chainId, BigInt(chainId));
    assert((await provider.getBalance(signer.address)) > 1_000n * coin);
    return `Hardhat ${hre.version}, ${await provider.send('web3_clientVersion', [])}`;
  },

  async deploy() {
    ({ token } = await ignite(deployment, 'round'));
    created = await provider.getBlockNumber();
    assert.equal(await token.name(), 'hardhat');
    assert.equal((await hre.artifacts.readArtifact('Votes')).bytecode, votes.bytecode);
    // What is deployed is not deployed again.
    const nonce = await nonceOf('latest');
    const again = await ignite(deployment, 'round');
    assert.deepEqual([again.token.target, await nonceOf('pending')], [token.target, nonce]);
    const salt = hexlify(randomBytes(32));
    const salted = await deploy({ deterministicDeployment: salt });
    const { data } = await provider.getTransaction(salted.transactionHash);
    assert.equal(salted.address, getCreate2Address(CREATE2_PROXY, salt, keccak256(`0x${data.slice(66)}`)));
  },

  async write() {
    const moved = await transfer(coin);
    assert.deepEqual([...moved.logs[0].args], [signer.address, other, coin]);
    // What one transaction's event says is what the next one is given.
    const delegation = buildModule('Delegation', (m) => {
      const votes = m.contractAt('Votes', token.target);
      const delegated = m.call(votes, 'delegate', [m.getAccount(0)]);
      const owned = m.readEventArgument(delegated, 'DelegateVotesChanged', 'current');
      m.call(votes, 'transfer', [m.getAccount(0), owned]);
      return { votes };
    });
    await ignite(delegation, 'round');
    const [event] = await token.queryFilter(token.filters.DelegateVotesChanged(), created);
    assert.deepEqual([...event.args], [signer.address, 0n, supply - coin]);
    written = await event.getTransactionReceipt();
    assert.equal(written.logs.length, 2);
  },

  async read() {
    assert.equal(await token.getVotes(signer.address), supply - coin);
    assert.equal(await token.balanceOf(other), coin);
  },

  async past() {
    const before = written.blockNumber - 1;
    assert.equal(await token.getVotes(signer.address, { blockTag: before }), 0n);
    assert.equal(await token.getPastVotes(signer.address, written.blockNumber), supply - coin);
    assert.equal(await provider.getCode(token.target, created - 1), '0x');
    assert((await provider.getBalance(signer.address, before)) > (await provider.getBalance(signer.address)));
  },

  async events() {
    const all = await token.queryFilter(token.filters.Transfer(null, other), created);
    assert.deepEqual(
      all.map((log) => log.args.value),
      [coin],
    );
    const one = await provider.getLogs({ address: token.target, blockHash: written.blockHash });
    assert.deepEqual(
      one.map((log) => log.index),
      [0, 1],
    );
  },

  'follow-ws': 'Hardhat connects by HTTP alone',

  'follow-http': partly("pending transactions: Hardhat's provider does not follow them", async () => {
    const [heads, values] = [[], []];
    const topics = await token.filters.Transfer(signer.address, other).getTopicFilter();
    const { target: address, interface: known } = token;
    await provider.on({ address, topics }, (log) => values.push(known.parseLog(log).args.value));
    await provider.on('block', (number) => heads.push(number));
    const sent = [];
    for (const value of [11n, 12n, 13n]) sent.push(await transfer(value));
    await until('events', () => values.length >= 3 && heads.includes(sent[2].blockNumber));
    await provider.removeAllListeners();
    // Hardhat asks for the logs of each block that it finds, of several at once, and tells them as they are answered.
    assert.deepEqual(values.sort(), [11n, 12n, 13n]);
    consecutive(heads);
    assert(sent.every(({ blockNumber }) => heads.includes(blockNumber)));
  }),

  async 'revert-call'() {
    const owned = await token.balanceOf(signer.address);
    assert.deepEqual(await reverts(token.transfer.staticCall(other, supply * 2n)), [
      'InsufficientBalance',
      signer.address,
      owned,
      supply * 2n,
    ]);
    const [name, wanted] = await reverts(token.getPastVotes(signer.address, 10n ** 9n));
    assert.deepEqual([name, wanted], ['FutureLookup', 10n ** 9n]);
  },

  async 'revert-estimate'() {
    const wanted = ['InvalidReceiver', ZeroAddress];
    assert.deepEqual(await reverts(token.transfer.estimateGas(ZeroAddress, 1n)), wanted);
    // Without a gas limit sending estimates first.
    assert.deepEqual(await reverts(token.transfer(ZeroAddress, 1n)), wanted);
    const refused = buildModule('Refused', (m) => {
      const votes = m.contractAt('Votes', token.target);
      m.call(votes, 'transfer', [ZeroAddress, 1n]);
      return { votes };
    });
    const { message } = await thrown(ignite(refused, 'refused'));
    assert.match(message, new RegExp(`InvalidReceiver\\("?${ZeroAddress}`));
  },

  async fees() {
    const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = await provider.getFeeData();
    const history = await provider.send('eth_feeHistory', ['0x4', 'latest', [50]]);
    const next = BigInt(history.baseFeePerGas.at(-1));
    assert(gasPrice >= next && maxFeePerGas >= next + maxPriorityFeePerGas);
    return `price ${gasPrice} wei, tip ${maxPriorityFeePerGas} wei`;
  },

  'type-0': async () => {
    const { gasPrice } = await provider.getFeeData();
    await sent({ gasPrice }, 0);
    const { receipt } = await deploy({ gasPrice: String(gasPrice) });
    const { type, gasPrice: paid } = await provider.getTransaction(receipt.transactionHash);
    assert.deepEqual([receipt.status, type, paid], [1, 0, gasPrice]);
    return 'by hardhat-deploy as well; Ignition sends type 2 where blocks have a base fee';
  },
  'type-1': async () => {
    const accessList = [{ address: token.target, storageKeys: [`0x${'00'.repeat(32)}`] }];
    await sent({ gasPrice: (await provider.getFeeData()).gasPrice, accessList }, 1);
  },
  // Fees as Hardhat chooses them.
  'type-2': () => sent({}, 2),

  async finality() {
    await transfer(1n);
    const [latest, finalized, safe] = await Promise.all(
      ['latest', 'finalized', 'safe'].map((tag) => provider.getBlock(tag)),
    );
    assert(finalized.number <= safe.number && safe.number <= latest.number);
    if (!node.peer) assert.deepEqual([finalized.hash, safe.hash], [latest.hash, latest.hash]);
    return `${latest.number - finalized.number} behind`;
  },

  proof: 'Hardhat reads no proofs',

  async failed() {
    const transaction = await token.transfer(other, supply * 2n, { gasLimit: 100_000n });
    const error = await thrown(transaction.wait());
    if (!isError(error, 'CALL_EXCEPTION')) throw error;
    assert.deepEqual([error.receipt.status, error.receipt.logs.length], [0, 0]);
  },

  async nonces() {
    const nonce = await nonceOf('latest');
    const { maxFeePerGas, maxPriorityFeePerGas } = await provider.getFeeData();
    const base = { to: other, value: 1n, gasLimit: 21_000n, maxFeePerGas, maxPriorityFeePerGas };
    await signer.sendTransaction({ ...base, nonce: nonce + 1 });
    assert.equal(await nonceOf('pending'), nonce);
    const { message } = await thrown(signer.sendTransaction({ ...base, value: 2n, nonce: nonce + 1 }));
    assert.match(message, /replacement transaction underpriced/);
    const replaced = await signer.sendTransaction({
      ...base,
      value: 3n,
      nonce: nonce + 1,
      maxFeePerGas: maxFeePerGas * 2n,
      maxPriorityFeePerGas: maxPriorityFeePerGas * 2n + 1n,
    });
    await send({ ...base, nonce });
    await replaced.wait();
    assert.deepEqual([await nonceOf('pending'), await nonceOf('latest')], [nonce + 2, nonce + 2]);
  },

  async refusals() {
    const nonce = await nonceOf('latest');
    const refused = async (transaction, text) =>
      assert.match((await thrown(signer.sendTransaction({ to: other, value: 1n, ...transaction }))).message, text);
    await refused({ gasLimit: 21_000n, nonce: nonce - 1 }, /nonce too low/i);
    await refused({ gasLimit: 21_000n, value: 20_000n * coin }, /insufficient funds/i);
    await refused({ gasLimit: 20_999n }, /intrinsic gas too low/i);
    assert.equal(await nonceOf('latest'), nonce);
  },

  async absent() {
    const head = await provider.getBlockNumber();
    const asked = [...Array(60).keys()].map((at) => provider.getBlock(head - (at % 5)));
    const absent = thrown(provider.send('pars_absent', []));
    const found = await Promise.all(asked);
    found.forEach((block, at) => assert.equal(block.number, head - (at % 5)));
    assert.equal((await absent).code, -32601);
  },

  latency: 'measured with viem and cast',
});

// Sends coins with these fees and checks what they cost.
async function sent(fees, type) {
  const before = await provider.getBalance(signer.address);
  const receipt = await send({ to: other, value: 5n, ...fees });
  assert.deepEqual([receipt.status, receipt.type], [1, type]);
  if (fees.gasPrice) assert.equal(receipt.gasPrice, fees.gasPrice);
  assert.equal(await provider.getBalance(signer.address), before - 5n - receipt.gasUsed * receipt.gasPrice);
}
