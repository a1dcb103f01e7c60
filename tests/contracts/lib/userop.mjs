// Operations of ERC-4337: made, signed, handed in.
import assert from 'node:assert/strict';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ContractFunctionRevertedError, bytesToHex, encodeFunctionData, hexToBytes, parseEventLogs } from 'viem';
import { getUserOperationHash, toPackedUserOperation } from 'viem/account-abstraction';
import { concat, text } from './bytes.mjs';
import { send } from './chain.mjs';

// Whom the entry point pays for handing operations in.
export const BENEFICIARY = '0x00000000000000000000000000000000000000fe';
// The context of what an account's owner signs for the entry point.
export const OPERATION = 'pars/user-operation/v1';
// Enough for a transaction with one of them.
export const GAS = 3_000_000n;

// Key and signature, as the account takes them.
export function sign(keys, message, context) {
  return concat(keys.publicKey, ml_dsa65.sign(message, keys.secretKey, { context: text(context) }));
}

// An operation of an account that is not signed yet.
export async function draft({ client, entryPoint }, sender, callData) {
  const nonce = await client.readContract({ ...entryPoint, functionName: 'getNonce', args: [sender.address, 0n] });
  return {
    sender: sender.address,
    nonce,
    callData,
    verificationGasLimit: 400_000n,
    callGasLimit: 100_000n,
    preVerificationGas: 150_000n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
    signature: '0x',
  };
}

// What the owner signs: it names chain and entry point. By viem, as a wallet has it.
export function hashOf({ client, entryPoint }, userOperation, wanted = {}) {
  const hash = getUserOperationHash({
    chainId: client.chain.id,
    entryPointAddress: entryPoint.address,
    entryPointVersion: '0.7',
    userOperation,
    ...wanted,
  });
  return hexToBytes(hash);
}

// An operation with the signature of a key's owner.
export function signedBy(world, keys, userOperation) {
  const signature = bytesToHex(sign(keys, hashOf(world, userOperation), OPERATION));
  return { ...userOperation, signature };
}

// The call with which a bundler hands operations in.
export function handling({ entryPoint }, userOperation) {
  const args = [[toPackedUserOperation(userOperation)], BENEFICIARY];
  return { ...entryPoint, functionName: 'handleOps', args, gas: GAS };
}

// Sends an operation in a transaction: its receipt, and what the entry point says of it.
export async function handle(world, userOperation) {
  const { client, entryPoint } = world;
  const data = encodeFunctionData(handling(world, userOperation));
  const receipt = await send(client, { to: entryPoint.address, data, gas: GAS });
  const [event] = parseEventLogs({ abi: entryPoint.abi, logs: receipt.logs, eventName: 'UserOperationEvent' });
  return { receipt, data, event: event.args };
}

// What the entry point has against an operation.
export async function refused(world, userOperation) {
  try {
    await world.client.simulateContract(handling(world, userOperation));
  } catch (error) {
    const { data } = error.walk((cause) => cause instanceof ContractFunctionRevertedError) ?? {};
    assert.equal(data?.errorName, 'FailedOp', error.message);
    return data.args[1];
  }
  return 'nothing';
}
