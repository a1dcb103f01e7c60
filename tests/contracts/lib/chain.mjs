// A client of the chain that sends and waits.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  concat,
  createWalletClient,
  defineChain,
  encodeDeployData,
  getAddress,
  getContractAddress,
  http,
  pad,
  publicActions,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';

export const coin = 10n ** 18n;

// What a contract of ours compiles to.
export function artifact(name) {
  return JSON.parse(readFileSync(new URL(`../../../precompiles/solidity/artifacts/${name}.json`, import.meta.url)));
}

// Two accounts of the preset.
const MNEMONIC = 'test test test test test test test test test test test junk';
export const [account, stranger] = [0, 1].map((addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex }));

// A client for the node at this address, whose chain has this id.
export function connect(url, id) {
  const chain = defineChain({
    id,
    name: 'local',
    nativeCurrency: { name: 'coin', symbol: 'COIN', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  return createWalletClient({ account, chain, transport: http(url) }).extend(publicActions);
}

// The receipt of a transaction that was mined. It is there when the transaction was sent.
export async function send(client, transaction) {
  const receipt = await client.getTransactionReceipt({ hash: await client.sendTransaction(transaction) });
  assert.equal(receipt.status, 'success', `${receipt.transactionHash} reverted`);
  return receipt;
}

// A new contract: its address and ABI.
export async function deploy(client, { abi, bytecode }, args = []) {
  const receipt = await client.getTransactionReceipt({ hash: await client.deployContract({ abi, bytecode, args }) });
  assert.equal(receipt.status, 'success', 'the constructor reverted');
  return { address: getAddress(receipt.contractAddress), abi, deployment: receipt.gasUsed };
}

// The same at the address that follows from code and arguments alone, which is one on every chain.
export async function deployEverywhere(client, { abi, bytecode }, args = []) {
  const [salt, made] = [pad('0x'), encodeDeployData({ abi, bytecode, args })];
  await send(client, { to: FACTORY, data: concat([salt, made]) });
  return { address: getContractAddress({ opcode: 'CREATE2', from: FACTORY, salt, bytecode: made }), abi };
}

// A contract of the preset that makes contracts, as on many chains.
const FACTORY = '0x4e59b44847b379578588920cA78FbF26c0B4956C';
