// ML-DSA: at its own address, in the layout of EIP-8355, and at the address of several algorithms.
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { concat, fill, number, text } from '../lib/bytes.mjs';

const SETS = [
  { name: 'ML-DSA-44', dsa: ml_dsa44, mode: 0x44, digits: 44, level: 2, open: 'MLDSA44_EIP8355' },
  { name: 'ML-DSA-65', dsa: ml_dsa65, mode: 0x65, digits: 65, level: 3, open: 'MLDSA65_EIP8355' },
  { name: 'ML-DSA-87', dsa: ml_dsa87, mode: 0x87, digits: 87, level: 5, open: 'MLDSA87_EIP8355' },
];

export const mldsa = SETS.flatMap(({ name, dsa, mode, digits, level, open }) => {
  const seed = fill(32, level);
  const { publicKey, secretKey } = dsa.keygen(seed);
  const [message, context] = [text('a message of more than a word of bytes'), text('context')];
  const plain = dsa.sign(message, secretKey, { extraEntropy: false });
  const bound = dsa.sign(message, secretKey, { extraEntropy: false, context });
  const item = (signature) => concat(publicKey, signature, number(message.length, 4), message);
  const items = concat(...[bound, plain, bound].map(item));
  const made = (row, call, args, gives, ...signatures) => ({ row, what: name, call, args, gives: [gives], signatures });
  const secret = true;
  const three = [publicKey, message, plain];
  return [
    made('MLDSA', 'verify(bytes,bytes,bytes)', three, true, 2),
    made('MLDSA', 'verifyWithContext(bytes,bytes,bytes,bytes)', [publicKey, message, bound, context], true, 2),
    made('MLDSA', 'verifyBatch(uint8,bytes,bytes)', [mode, context, items], 0b101n),
    { ...made('MLDSA', 'keyGen(uint8,bytes32)', [level, seed]), gives: [publicKey, secretKey], secret },
    { ...made('MLDSA', 'sign(bytes,bytes)', [secretKey, message], plain), secret },
    { row: 'MLDSA', what: name, call: 'keyGen(uint8)', args: [level], reverts: 'SeedRequired' },
    made(open, 'verify(bytes,bytes,bytes)', three, true, 2),
    ...[mode, digits].map((number) => ({
      ...made('PQ_CRYPTO', 'mldsaVerify(uint8,bytes,bytes,bytes)', [number, ...three], true, 3),
      what: `${name} as ${number}`,
    })),
  ];
});
