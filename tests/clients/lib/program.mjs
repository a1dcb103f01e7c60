// Programs of Foundry, called as people call them.
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

// The platform's own program: the one that npm puts in its place ends with 0 where this one ends with 1.
export function program(name) {
  return fileURLToPath(
    new URL(`../node_modules/@foundry-rs/${name}-linux-${ARCH[process.arch]}/bin/${name}`, import.meta.url),
  );
}

// What a program prints. Where it fails, the error's message is what it complains of.
export async function output(name, args, options = {}) {
  try {
    const { stdout } = await run(program(name), args, { maxBuffer: 64 << 20, ...options });
    return stdout.trim();
  } catch (error) {
    throw new Error(`${name} ${args[0]}: ${error.stderr || error.message}`, { cause: error });
  }
}

// The lines that a program prints while it runs, and its end.
export function lines(name, args, options, onLine) {
  const child = spawn(program(name), args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  createInterface({ input: child.stdout }).on('line', onLine);
  return () => child.kill('SIGKILL');
}

const ARCH = { x64: 'amd64', arm64: 'arm64' };
