// Nodes that a program starts, and that end with it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// How long a node may take to answer. A host is built first.
const START_MS = 20 * 60_000;
// Of what a node logs, the lines that are shown when something fails.
const LOG_LINES = 20;

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// Starts a node and waits for the line in which it says where it answers.
export async function start(name, file, args, says, scheme = '') {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    if (log.length > LOG_LINES) log.shift();
  });
  const ended = new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  const answers = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = line.trim().match(says);
      if (found) resolve(scheme + found[1]);
    });
  });
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, START_MS);
  });
  const http = await Promise.race([answers, ended, late]);
  clearTimeout(timer);
  if (typeof http !== 'string') throw new Error(`${name} (${file}) did not start:\n${log.join('\n')}`);
  return { name, http, child, ended, log };
}

// Starts `pars-vm dev` on a free port.
export function startDev(file, args = []) {
  return start('dev', file, ['dev', '--port', '0', ...args], /^Answers\s+(http:\S+)/);
}

// Stops a node that was started here.
export async function stop(node) {
  node.child?.kill();
  await node.ended;
}
