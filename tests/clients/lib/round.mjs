// What the rounds have in common: where the node is, whose keys, how a step is reported.
//
// A round prints one line of JSON a step: {step, ms} where it passed, with a note where there is one to read and with
// what it lacks of the step's text, {step, error} where it failed, {step, skipped} where the client has no such thing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

// Names of the steps, in order, each with what it is about.
export const steps = read('steps.json');

// The contract: its ABI and creation code.
export const votes = read('../artifacts/Votes.json');

// URLs of the node, and whether it is another implementation, which may differ where a round says so.
export const node = {
  http: process.env.RPC_HTTP,
  ws: process.env.RPC_WS,
  peer: process.env.RPC_PEER === '1',
};

// Public keys of the mnemonic `test test … junk`, one a client, so that rounds do not disturb each other's nonces.
export const keys = read('keys.json');

export const chainId = 1337;
export const coin = 10n ** 18n;
export const supply = 1_000_000n * coin;

// Longest that the median receipt may take, where somebody asks for a limit.
const receiptMs = Number(process.env.RPC_RECEIPT_MS || Infinity);

// Longest that a step may take.
const STEP_MS = 60_000;

// Runs the steps of a client: a function each, or the reason why there is none.
export async function round(made) {
  let failed = 0;
  for (const step of Object.keys(steps)) {
    const run = made[step];
    assert(run, `the round lacks ${step}`);
    if (typeof run === 'string') {
      print({ step, skipped: run });
      continue;
    }
    const start = performance.now();
    try {
      const note = await within(STEP_MS, Promise.race([run(), broken()]));
      print({ step, ms: Math.round(performance.now() - start), note, lacks: run.lacks });
    } catch (error) {
      failed += 1;
      print({ step, error: String(error?.stack ?? error) });
    }
  }
  // Sockets and timers of a client would keep the process.
  process.exit(failed === 0 ? 0 : 1);
}

// A step of which the client cannot do everything, and why.
export function partly(lacks, run) {
  return Object.assign(run, { lacks });
}

// The next error that nobody catches, such as one of a socket that a client has lost.
function broken() {
  return new Promise((_, reject) => {
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', reject);
  });
}

// A promise, or an error where it takes too long.
function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Waits until a condition holds.
export async function until(what, holds) {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 15 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// The median.
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

// A median of times from sending to receipt, in words, unless it is beyond the limit.
export function receipts(ms) {
  assert(ms <= receiptMs, `the median receipt took ${ms.toFixed(1)} ms, at most ${receiptMs} are allowed`);
  return `median ${ms.toFixed(1)} ms`;
}

// The smaller of two big integers.
export function least(a, b) {
  return a < b ? a : b;
}

// Throws unless each number follows the one before.
export function consecutive(numbers) {
  numbers.forEach((number, at) => {
    if (at > 0) assert.equal(BigInt(number), BigInt(numbers[at - 1]) + 1n, `blocks ${numbers}`);
  });
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
