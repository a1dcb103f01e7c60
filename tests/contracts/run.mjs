// Calls our precompiles from contracts on `pars-vm dev`, and prints what came of it. People call it through
// scripts/contracts.
//
//   node run.mjs --dev FILE
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDev } from '../clients/lib/node.mjs';
import { artifact, connect, deploy } from './lib/chain.mjs';
import { report } from './lib/report.mjs';
import { genesis } from './lib/rows.mjs';
import { account } from './rounds/account.mjs';
import { published } from './rounds/published.mjs';
import { rows } from './rounds/rows.mjs';

const { values: options } = parseArgs({ options: { dev: { type: 'string' } } });

// Two chains, of which the second shows no secrets. What is signed for one is nothing to the other.
const chains = { 1337: true, 1338: false };
const folder = mkdtempSync(join(tmpdir(), 'pars-contracts-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const [nodes, clients] = [[], []];
for (const [id, secrets] of Object.entries(chains)) {
  const file = join(folder, `${id}.json`);
  writeFileSync(file, genesis(Number(id), secrets));
  const node = await startDev(options.dev, ['--genesis', file]);
  console.log(`${node.name} ${id}: ${node.http}`);
  nodes.push(node);
  clients.push(connect(node.http, Number(id)));
}

const [client, elsewhere] = clients;
const world = { client, elsewhere, recorder: await deploy(client, artifact('Recorder')) };
for (const round of [rows, published, account]) {
  const begun = performance.now();
  console.log(`\n${round.name}`);
  await round(world);
  console.log(`  ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
const good = report();
for (const { name, log } of good ? [] : nodes) console.log(`last lines of ${name}\n${log.join('\n')}`);
process.exit(good ? 0 : 1);
