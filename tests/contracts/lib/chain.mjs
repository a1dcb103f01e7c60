// A client of the chain that sends and waits.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createWalletClient, defineChain, getAddress, http, publicActions } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';

export const chainId = 1337;
export const coin = 10n ** 18n;

// What a contract of ours compiles to.
export function artifact(name) {
  return JSON.parse(readFileSync(new URL(`../../../precompiles/solidity/artifacts/${name}.json`, import.meta.url)));
}

// Two accounts of the preset.
const MNEMONIC = 'test test test test test test test test test test test junk';
export const [account, stranger] = [0, 1].map((addressIndex) => mnemonicToAccount(MNEMONIC, { addressIndex }));

// A client for the node at this address.
export function connect(url) {
  const chain = defineChain({
    id: chainId,
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
