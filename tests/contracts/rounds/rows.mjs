// Contracts call each row through its interface, at each address of it.
import assert from 'node:assert/strict';
import {
  decodeEventLog,
  encodeAbiParameters,
  encodeErrorResult,
  encodeFunctionData,
  keccak256,
  toFunctionSignature,
} from 'viem';
import { fill, hex } from '../lib/bytes.mjs';
import { artifact, deploy, send } from '../lib/chain.mjs';
import { check } from '../lib/report.mjs';
import { addresses, callers } from '../lib/rows.mjs';
import { forgeries, operations } from '../operations/all.mjs';

// An account without code.
const NOWHERE = '0x0000000000000000000000000000000000000699';

export async function rows({ client, elsewhere, recorder }) {
  const whole = Object.fromEntries(Object.values(callers).map((name) => [name, artifact(name)]));
  const called = new Map(Object.keys(callers).map((row) => [row, new Set()]));
  for (const { row, call } of operations) called.get(row).add(call);
  // Callers inherit from the interfaces, so these are all the functions that there are.
  await check('no function of a row is left out', () => {
    for (const [row, calls] of called) {
      const functions = whole[callers[row]].abi.filter((item) => item.type === 'function').map(toFunctionSignature);
      assert.deepEqual([...calls].sort(), functions.sort(), row);
    }
    return `${[...called.values()].reduce((sum, calls) => sum + calls.size, 0)} functions of ${called.size} rows`;
  });

  await check('where no precompile is, nothing is valid', async () => {
    const args = hex([fill(1_952, 1), fill(32, 1), fill(3_309, 1)]);
    const named = await deploy(client, whole.MLDSACaller, [NOWHERE]);
    const open = await deploy(client, whole.Eip8355Caller, [NOWHERE]);
    await assert.rejects(client.readContract({ ...named, functionName: 'verify', args }), /reverted/);
    assert.equal(await client.readContract({ ...open, functionName: 'verify', args }), false);
  });

  await check('where secrets are not allowed, none is shown', async () => {
    const secret = operations.filter((operation) => operation.secret);
    for (const operation of secret) {
      const { row, call, args } = operation;
      const { address, abi } = await deploy(elsewhere, whole[callers[row]], addresses(row).slice(0, 1));
      const item = abi.filter((item) => item.type !== 'function' || toFunctionSignature(item) === call);
      const asked = elsewhere.readContract({ address, abi: item, functionName: call.split('(')[0], args: hex(args) });
      await assert.rejects(asked, /OnChainSecretsDisabled/, `${row} ${call}`);
    }
    return `${secret.length} calls`;
  });

  for (const [row, name] of Object.entries(callers)) {
    const own = operations.filter((operation) => operation.row === row);
    const contracts = [];
    await check(`${row}: a contract for each address`, async () => {
      for (const at of addresses(row)) contracts.push(await deploy(client, whole[name], [at]));
      return addresses(row).join(', ');
    });
    for (const operation of own) {
      await check(`${row} ${operation.what}: ${operation.call}`, async () => {
        const [first, ...others] = contracts;
        const gas = await mined(client, recorder, first, operation);
        for (const contract of others) await asked(client, recorder, contract, operation);
        const wrong = forgeries(operation);
        for (const forgery of wrong) {
          await Promise.all(contracts.map((contract) => asked(client, recorder, contract, forgery)));
        }
        return `${gas} gas${wrong.length > 0 ? `; false with a bit of ${NAMES[wrong.length]} changed` : ''}`;
      });
    }
  }
}

const NAMES = { 1: 'the signature', 2: 'either signature' };

// Nearly a whole block's. An estimate would find too little: the recorder succeeds also where the call fails.
const GAS = 14_000_000n;

// Runs an operation in a transaction; the gas of the call.
async function mined(client, recorder, contract, operation) {
  const { input, success, answer } = outline(contract, operation);
  const data = encodeFunctionData({ abi: recorder.abi, functionName: 'record', args: [contract.address, input] });
  const receipt = await send(client, { to: recorder.address, data, gas: GAS });
  const { args } = decodeEventLog({ abi: recorder.abi, ...receipt.logs[0] });
  assert.deepEqual([args.success, args.answer], [success, keccak256(answer)]);
  return args.gas;
}

// The same by a question, of which the whole answer can be read.
async function asked(client, recorder, contract, operation) {
  const { input, success, answer } = outline(contract, operation);
  const { result } = await client.simulateContract({
    ...recorder,
    functionName: 'record',
    args: [contract.address, input],
  });
  assert.deepEqual(result.slice(0, 2), [success, answer]);
}

// What a contract is called with, and how that has to end.
function outline({ abi }, { call, args, gives, reverts }) {
  const item = abi.find((item) => item.type === 'function' && toFunctionSignature(item) === call);
  return {
    input: encodeFunctionData({ abi: [item], args: hex(args) }),
    success: !reverts,
    answer: reverts ? encodeErrorResult({ abi, errorName: reverts }) : encodeAbiParameters(item.outputs, hex(gives)),
  };
}
