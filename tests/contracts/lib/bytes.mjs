// Bytes, as the libraries of signatures take them.
import { bytesToHex, stringToBytes } from 'viem';
import { concatBytes } from '@noble/hashes/utils.js';

export const concat = concatBytes;
export const text = stringToBytes;

// As many bytes of one value.
export function fill(length, value) {
  return new Uint8Array(length).fill(value);
}

// A number in big-endian.
export function number(value, length) {
  const bytes = new Uint8Array(length);
  for (let at = length - 1, rest = BigInt(value); at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  return bytes;
}

// The same with another bit, well within a signature, a ciphertext or a proof.
export function bent(bytes) {
  const other = bytes.slice();
  other[40] ^= 1;
  return other;
}

// Bytes as viem takes them, at any depth; the rest as it is.
export function hex(value) {
  if (value instanceof Uint8Array) return bytesToHex(value);
  return Array.isArray(value) ? value.map(hex) : value;
}
