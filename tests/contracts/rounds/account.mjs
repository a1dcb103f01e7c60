// An account with a post-quantum key, behind EntryPoint 0.7 as it is published.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { encodeAbiParameters, encodeFunctionData, hexToBytes, keccak256 } from 'viem';
import { toPackedUserOperation } from 'viem/account-abstraction';
import { bent, concat, fill, hex } from '../lib/bytes.mjs';
import { account as payer, artifact, coin, deploy, deployEverywhere, send, stranger } from '../lib/chain.mjs';
import { check } from '../lib/report.mjs';
import {
  BENEFICIARY,
  GAS,
  OPERATION,
  draft,
  handle,
  handling,
  hashOf,
  refused,
  sign,
  signedBy,
} from '../lib/userop.mjs';

const require = createRequire(import.meta.url);
const published = (name) => require(`@account-abstraction/contracts/artifacts/${name}.json`);

// Who is paid by operations.
const TARGET = '0x00000000000000000000000000000000000000fd';
// The context of what the owner signs for contracts that ask.
const ERC1271 = 'pars/erc-1271/v1';
const [YES, NO] = ['0x1626ba7e', '0xffffffff'];

export async function account({ client, elsewhere, recorder }) {
  const [owner, other] = [1, 2].map((number) => ml_dsa65.keygen(fill(32, number)));
  const entryPoint = await deployEverywhere(client, published('EntryPoint'));
  const made = [entryPoint.address, keccak256(owner.publicKey)];
  const pq = await deployEverywhere(client, artifact('PQAccount'), made);
  // The other chain has entry point and account, too, at the same addresses.
  await deployEverywhere(elsewhere, published('EntryPoint'));
  await deployEverywhere(elsewhere, artifact('PQAccount'), made);
  for (const chain of [client, elsewhere]) await send(chain, { to: pq.address, value: coin });
  const world = { client, elsewhere, recorder, entryPoint, pq, owner, other };
  await operations(world);
  await refusals(world);
  await questions(world, await deploy(client, artifact('PQAccount'), made));
  await newKey(world);
}

function payment(pq, value = 1n) {
  return encodeFunctionData({ abi: pq.abi, functionName: 'execute', args: [TARGET, value, '0x'] });
}

async function operations(world) {
  const { client, entryPoint, pq, owner } = world;
  const there = { ...world, client: world.elsewhere };
  await check('an operation is executed and paid', async () => {
    const unsigned = await draft(world, pq, payment(pq));
    const hash = hashOf(world, unsigned);
    const args = [toPackedUserOperation(unsigned)];
    assert.equal(await client.readContract({ ...entryPoint, functionName: 'getUserOpHash', args }), hex(hash));
    const signed = signedBy(world, owner, unsigned);
    const [target, own] = await Promise.all([TARGET, pq.address].map((address) => client.getBalance({ address })));
    const { event, receipt } = await handle(world, signed);
    assert.deepEqual([event.userOpHash, event.sender, event.success], [hex(hash), pq.address, true]);
    assert.equal((await client.getBalance({ address: TARGET })) - target, 1n);
    // What was not spent of the payment stays in the account's deposit.
    const deposit = await client.readContract({ ...entryPoint, functionName: 'balanceOf', args: [pq.address] });
    assert.equal(own - (await client.getBalance({ address: pq.address })), deposit + event.actualGasCost + 1n);
    assert.equal(await client.getBalance({ address: BENEFICIARY }), event.actualGasCost);
    assert.equal(await refused(world, signed), 'AA25 invalid account nonce', 'a second time');
    // There it would be the first.
    assert.equal(await refused(there, signed), 'AA24 signature error', 'on another chain');
    return `${receipt.gasUsed} gas; refused are the same a second time (AA25), and on another chain (AA24)`;
  });
  await check('what an operation costs', () => gas(world));
  await check('an operation whose call fails is paid, and does nothing', async () => {
    const unsigned = await draft(world, pq, payment(pq, 2n * coin));
    const { event } = await handle(world, signedBy(world, owner, unsigned));
    assert.equal(event.success, false);
  });
  await check('nobody else has it do something', async () => {
    const operation = signedBy(world, owner, await draft(world, pq, payment(pq)));
    const calls = {
      execute: [TARGET, 1n, '0x'],
      setKey: [hex(fill(32, 1))],
      validateUserOp: [toPackedUserOperation(operation), hex(hashOf(world, operation)), 1n],
    };
    for (const [functionName, args] of Object.entries(calls)) {
      const call = client.simulateContract({ ...pq, functionName, args, account: stranger });
      await assert.rejects(call, /NotEntryPoint/, functionName);
    }
    return Object.keys(calls).join(', ');
  });
}

// Gas of an operation part by part, beside the account of ECDSA that comes with the entry point.
async function gas(world) {
  const { client, entryPoint, pq, owner } = world;
  const factory = await deploy(client, published('SimpleAccountFactory'), [entryPoint.address]);
  const creation = { ...factory, functionName: 'createAccount', args: [payer.address, 0n] };
  const { result: address } = await client.simulateContract(creation);
  await send(client, { to: factory.address, data: encodeFunctionData(creation), gas: GAS });
  await send(client, { to: address, value: coin });
  const simple = { address, abi: published('SimpleAccount').abi };

  const parts = async (sender, signed) => {
    // The first operation of an account costs more: its nonce is written for the first time.
    for (const wanted of [1, 2]) {
      const unsigned = await draft(world, sender, payment(sender));
      const whole = { ...unsigned, signature: await signed(hashOf(world, unsigned)) };
      const verification = await spent(world, sender, 'validateUserOp', [
        toPackedUserOperation(whole),
        hex(hashOf(world, unsigned)),
        0n,
      ]);
      const execution = await spent(world, sender, 'execute', [TARGET, 1n, '0x']);
      const { receipt, data } = await handle(world, whole);
      const calldata = hexToBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 4n : 16n), 0n);
      if (wanted === 2) return { calldata, verification, execution, all: receipt.gasUsed };
    }
  };
  const lines = {
    'ML-DSA-65': await parts(pq, (hash) => hex(sign(owner, hash, OPERATION))),
    'ECDSA (SimpleAccount)': await parts(simple, (hash) => payer.signMessage({ message: { raw: hash } })),
  };
  const [ours, theirs] = Object.values(lines);
  for (const part of [ours, theirs]) assert(part.calldata + part.verification + part.execution < part.all);
  const text = Object.entries(lines).map(([name, { calldata, verification, execution, all }]) => {
    return `${name}: calldata ${calldata}, verification ${verification}, execution ${execution}, all ${all}`;
  });
  return `${text.join('; ')}; ${(Number(ours.all) / Number(theirs.all)).toFixed(2)} times`;
}

// Gas of a call of an account by the entry point, in whose place the recorder stands for this one question.
async function spent({ client, recorder, entryPoint }, { address, abi }, functionName, args) {
  const input = encodeFunctionData({ abi, functionName, args });
  const { result } = await client.simulateContract({
    address: entryPoint.address,
    abi: recorder.abi,
    functionName: 'record',
    args: [address, input],
    stateOverride: [{ address: entryPoint.address, code: await client.getCode({ address: recorder.address }) }],
  });
  const [success, answer, gas] = result;
  assert(success, `${functionName}: ${answer}`);
  if (functionName === 'validateUserOp') assert.equal(BigInt(answer), 0n, 'valid');
  return gas;
}

async function refusals(world) {
  const { client, entryPoint, pq, owner, other } = world;
  const unsigned = await draft(world, pq, payment(pq));
  const hash = hashOf(world, unsigned);
  const valid = sign(owner, hash, OPERATION);
  const signatures = {
    'another key': sign(other, hash, OPERATION),
    "another key's signature behind the owner's key": concat(
      owner.publicKey,
      sign(other, hash, OPERATION).slice(owner.publicKey.length),
    ),
    'another chain id': sign(owner, hashOf({ ...world, client: world.elsewhere }, unsigned), OPERATION),
    'another entry point': sign(owner, hashOf(world, unsigned, { entryPointAddress: TARGET }), OPERATION),
    'another operation': sign(owner, hashOf(world, { ...unsigned, callData: payment(pq, 2n) }), OPERATION),
    'the context of ERC-1271': sign(owner, hash, ERC1271),
    'no context': sign(owner, hash, ''),
    'a bit that changed': concat(owner.publicKey, bent(valid.slice(owner.publicKey.length))),
    'a byte less': valid.slice(0, -1),
    'a byte more': concat(valid, fill(1, 0)),
    'the key alone': owner.publicKey,
    nothing: new Uint8Array(),
  };
  for (const [name, signature] of Object.entries(signatures)) {
    await check(`refused: an operation with ${name}`, async () => {
      assert.equal(await refused(world, { ...unsigned, signature: hex(signature) }), 'AA24 signature error');
      return 'AA24';
    });
  }
  await check('refused in a block, too: nothing happens', async () => {
    const state = () =>
      Promise.all([
        client.readContract({ ...entryPoint, functionName: 'getNonce', args: [pq.address, 0n] }),
        client.readContract({ ...entryPoint, functionName: 'balanceOf', args: [pq.address] }),
        client.getBalance({ address: pq.address }),
        client.getBalance({ address: TARGET }),
      ]);
    const before = await state();
    const data = encodeFunctionData(handling(world, { ...unsigned, signature: hex(signatures['another key']) }));
    const sent = await client.sendTransaction({ to: entryPoint.address, data, gas: GAS });
    assert.equal((await client.getTransactionReceipt({ hash: sent })).status, 'reverted');
    assert.deepEqual(await state(), before);
  });
  // The draft itself was good.
  await check('the same operation with the signature of the owner', async () => {
    assert.equal((await handle(world, { ...unsigned, signature: hex(valid) })).event.success, true);
  });
}

// What contracts ask by ERC-1271.
async function questions({ client, elsewhere, pq, owner, other }, twin) {
  const hash = fill(32, 0x44);
  const bound = (chain, address) => {
    const types = ['uint256', 'address', 'bytes32'].map((type) => ({ type }));
    return keccak256(encodeAbiParameters(types, [BigInt(chain), address, hex(hash)]), 'bytes');
  };
  const message = bound(client.chain.id, pq.address);
  const valid = sign(owner, message, ERC1271);
  const signatures = {
    'the owner': [valid, YES],
    'another key': [sign(other, message, ERC1271), NO],
    'another chain id': [sign(owner, bound(elsewhere.chain.id, pq.address), ERC1271), NO],
    'another account of the owner': [sign(owner, bound(client.chain.id, twin.address), ERC1271), NO],
    'the hash alone': [sign(owner, hash, ERC1271), NO],
    'the context of operations': [sign(owner, message, OPERATION), NO],
    'a bit that changed': [concat(owner.publicKey, bent(valid.slice(owner.publicKey.length))), NO],
    'a byte less': [valid.slice(0, -1), NO],
    nothing: [new Uint8Array(), NO],
  };
  for (const [name, [signature, answer]] of Object.entries(signatures)) {
    await check(`ERC-1271: ${name}`, async () => {
      const args = hex([hash, signature]);
      assert.equal(await client.readContract({ ...pq, functionName: 'isValidSignature', args }), answer);
      return answer;
    });
  }
  await check('ERC-1271: on another chain, that of this one and its own', async () => {
    const ask = (signature) =>
      elsewhere.readContract({ ...pq, functionName: 'isValidSignature', args: hex([hash, signature]) });
    assert.equal(await ask(valid), NO);
    assert.equal(await ask(sign(owner, bound(elsewhere.chain.id, pq.address), ERC1271)), YES);
    return `${NO}, ${YES}`;
  });
}

async function newKey(world) {
  const { client, pq, owner, other } = world;
  await check('another key takes the place of the first', async () => {
    const keyHash = keccak256(other.publicKey);
    const change = await draft(world, pq, encodeFunctionData({ abi: pq.abi, functionName: 'setKey', args: [keyHash] }));
    assert.equal((await handle(world, signedBy(world, owner, change))).event.success, true);
    assert.equal(await client.readContract({ ...pq, functionName: 'keyHash' }), keyHash);
    const next = await draft(world, pq, payment(pq));
    assert.equal(await refused(world, signedBy(world, owner, next)), 'AA24 signature error');
    assert.equal((await handle(world, signedBy(world, other, next))).event.success, true);
  });
}
