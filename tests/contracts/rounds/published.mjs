// Contracts that know other chains' addresses and call these as published ones do: packed, or by the ABI.
import assert from 'node:assert/strict';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ContractFunctionRevertedError, encodeErrorResult, getAddress, keccak256, slice } from 'viem';
import { bent, concat, fill, hex, number, text } from '../lib/bytes.mjs';
import { artifact, deploy } from '../lib/chain.mjs';
import { check } from '../lib/report.mjs';
import { forgeries, operations } from '../operations/all.mjs';

export async function published({ client }) {
  await packed(client);
  await signer(client);
}

// How raw forms answer: true or false in 32 bytes or in one, bytes one behind the other.
const word = ([valid]) => number(valid ? 1 : 0, 32);
const byte = ([valid]) => number(valid ? 1 : 0, 1);
const joined = (gives) => concat(...gives);

// Of ML-DSA's modes, those that are written like the set in hexadecimal.
const hexadecimal = ([mode]) => [0x44, 0x65, 0x87].includes(mode);

// The functions of PublishedForms: whose operations they do, and how they answer.
const FORMS = {
  mldsa: { of: 'PQ_CRYPTO mldsaVerify(uint8,bytes,bytes,bytes)', only: hexadecimal, answer: word },
  mlds: { of: 'PQ_CRYPTO mldsaVerify(uint8,bytes,bytes,bytes)', answer: byte },
  encapsulate: { of: 'MLKEM encapsulate(uint8,bytes)', answer: joined },
  encp: { of: 'MLKEM encapsulate(uint8,bytes)', answer: joined },
  decapsulate: { of: 'MLKEM decapsulate(uint8,bytes,bytes)', answer: joined },
  decp: { of: 'MLKEM decapsulate(uint8,bytes,bytes)', answer: joined },
  slhdsa: { of: 'SLHDSA slhdsaVerify(uint8,bytes,bytes,bytes)', answer: word },
  slhs: { of: 'SLHDSA slhdsaVerify(uint8,bytes,bytes,bytes)', answer: byte },
  frost: { of: 'FROST verify(uint32,uint32,bytes32,bytes32,bytes)', answer: word },
  cggmp21: { of: 'CGGMP21 verify(uint32,uint32,bytes,bytes32,bytes)', answer: word },
  bls: { of: 'BLS verify(bytes,bytes32,bytes)', answer: byte },
  blsAggregate: { of: 'BLS_AGGREGATE aggregate(bytes[])', args: ([list]) => [concat(...list)], answer: joined },
  blsMldsa: { of: 'HYBRID_BLS_MLDSA verify(bytes,bytes,bytes32,bytes,bytes)', answer: byte },
};

async function packed(client) {
  const forms = await deploy(client, artifact('PublishedForms'));
  const functions = forms.abi.filter((item) => item.type === 'function').map((item) => item.name);
  assert.deepEqual(functions.sort(), Object.keys(FORMS).sort());
  for (const [functionName, { of, only, args: repack, answer }] of Object.entries(FORMS)) {
    const own = operations.filter(({ row, call, args }) => `${row} ${call}` === of && (only?.(args) ?? true));
    await check(`packed: ${functionName}`, async () => {
      const all = [...own, ...own.flatMap(forgeries)];
      const ask = ({ args }) => client.readContract({ ...forms, functionName, args: hex(repack?.(args) ?? args) });
      for (const operation of all) {
        if (operation.reverts) await assert.rejects(ask(operation), isError('Failed'), operation.what);
        else assert.equal(await ask(operation), hex(answer(operation.gives)), operation.what);
      }
      assert(own.length > 0, of);
      return `${all.length} calls`;
    });
  }
}

// An error of a contract.
function isError(name) {
  return (error) => error.walk((cause) => cause instanceof ContractFunctionRevertedError)?.data?.errorName === name;
}

async function signer(client) {
  const { publicKey, secretKey } = ml_dsa65.keygen(fill(32, 1));
  const contract = await deploy(client, artifact('SafeMLDSASigner'), [hex(publicKey)]);
  const read = (functionName, args) => client.readContract({ ...contract, functionName, args: hex(args) });
  const sign = (hash, key = secretKey) => ml_dsa65.sign(hash, key);
  const data = text('what a Safe shows to its owners');
  const hash = keccak256(data, 'bytes');
  const valid = sign(hash);

  await check('SafeMLDSASigner: its key and the address that is made from it', async () => {
    assert.equal(await read('publicKey', []), hex(publicKey));
    assert.equal(await read('signer', []), getAddress(slice(keccak256(publicKey), 12)));
    const short = deploy(client, artifact('SafeMLDSASigner'), [hex(publicKey.slice(1))]);
    const error = encodeErrorResult({ abi: contract.abi, errorName: 'InvalidPublicKeySize' });
    await assert.rejects(short, (refusal) => refusal.walk((cause) => cause.data)?.data === error);
    return `deployed with ${contract.deployment} gas`;
  });
  // The selector is also the word for yes. By their arguments the two functions of this name are told apart.
  const YES = { bytes32: '0x1626ba7e', bytes: '0x20c13b0b' };
  const ask = async (signature) => {
    const is = (type, what) =>
      client.readContract({
        address: contract.address,
        abi: contract.abi.filter((item) => item.name === 'isValidSignature' && item.inputs[0].type === type),
        functionName: 'isValidSignature',
        args: hex([what, signature]),
      });
    const answers = { bytes32: await is('bytes32', hash), bytes: await is('bytes', data) };
    if (answers.bytes32 === YES.bytes32) assert.deepEqual(answers, YES);
    else assert.deepEqual(answers, { bytes32: '0x00000000', bytes: '0x00000000' });
    return answers.bytes32 === YES.bytes32;
  };
  const signatures = {
    'the owner': [valid, true],
    'another key': [sign(hash, ml_dsa65.keygen(fill(32, 2)).secretKey), false],
    'another hash': [sign(fill(32, 9)), false],
    'a bit that changed': [bent(valid), false],
    'a byte less': [valid.slice(0, -1), false],
    'a byte more': [concat(valid, fill(1, 0)), false],
    nothing: [new Uint8Array(), false],
  };
  for (const [name, [signature, accepted]] of Object.entries(signatures)) {
    await check(`SafeMLDSASigner: ${name}`, async () => {
      assert.equal(await ask(signature), accepted);
      return accepted ? 'accepted' : 'refused';
    });
  }
}
