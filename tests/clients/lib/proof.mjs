// Checks an eth_getProof against a state root, with nothing of the node's.
import assert from 'node:assert/strict';
import { fromRlp, hexToBigInt, keccak256, numberToHex, pad, toRlp } from 'viem';

// Throws unless the account and its slots are what the root commits to, and unless it throws where a node is not what
// it was: a check that no node can fail would prove nothing.
export function checkProof(stateRoot, proof) {
  check(stateRoot, proof);
  for (const nodes of [proof.accountProof, ...proof.storageProof.map((slot) => slot.proof)]) {
    nodes.forEach((node, at) => {
      nodes[at] = `${node.slice(0, -1)}${node.endsWith('0') ? '1' : '0'}`;
      assert.throws(() => check(stateRoot, proof), new RegExp(`node ${at}`), `a wrong node ${at} of ${nodes.length}`);
      nodes[at] = node;
    });
  }
}

function check(stateRoot, proof) {
  const fields = [proof.nonce, proof.balance].map((value) => (BigInt(value) === 0n ? '0x' : bytes(BigInt(value))));
  const account = toRlp([...fields, proof.storageHash, proof.codeHash]);
  assert.equal(lookup(stateRoot, keccak256(proof.address), proof.accountProof), account, 'account');
  for (const { key, value, proof: nodes } of proof.storageProof) {
    const found = lookup(proof.storageHash, keccak256(pad(key, { size: 32 })), nodes);
    assert.equal(found === undefined ? 0n : hexToBigInt(fromRlp(found)), BigInt(value), `slot ${key}`);
  }
}

// The value that a trie holds at a path, or undefined where the nodes prove that it holds none.
function lookup(root, path, nodes) {
  let nibbles = path.slice(2);
  let wanted = root;
  let [at, inline] = [0, undefined];
  for (;;) {
    if (!inline && nodes.length === 0) {
      assert.equal(wanted, EMPTY, 'a proof without nodes is one of the empty trie');
      return undefined;
    }
    if (!inline) assert.equal(keccak256(nodes[at] ?? '0x'), wanted, `node ${at}`);
    const node = inline ?? fromRlp(nodes[at++]);
    let next;
    if (node.length === 17) {
      next = node[Number.parseInt(nibbles[0], 16)];
      nibbles = nibbles.slice(1);
    } else {
      const flag = Number.parseInt(node[0][2], 16);
      const part = node[0].slice(flag % 2 === 1 ? 3 : 4);
      if (!nibbles.startsWith(part)) return ended(at, nodes);
      nibbles = nibbles.slice(part.length);
      if (flag >= 2) {
        ended(at, nodes);
        return node[1];
      }
      next = node[1];
    }
    if (next === '0x') return ended(at, nodes);
    inline = Array.isArray(next) ? next : undefined;
    wanted = next;
  }
}

function ended(at, nodes) {
  assert.equal(at, nodes.length, 'nodes that the path does not touch');
}

function bytes(value) {
  const hex = numberToHex(value);
  return hex.length % 2 === 0 ? hex : `0x0${hex.slice(2)}`;
}

// Root of a trie that holds nothing.
const EMPTY = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
