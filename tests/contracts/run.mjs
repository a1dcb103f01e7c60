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

const folder = mkdtempSync(join(tmpdir(), 'pars-contracts-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const file = join(folder, 'genesis.json');
writeFileSync(file, genesis());
const node = await startDev(options.dev, ['--genesis', file]);
console.log(`${node.name}: ${node.http}`);

const client = connect(node.http);
const recorder = await deploy(client, artifact('Recorder'));
for (const round of [rows, published, account]) {
  const begun = performance.now();
  console.log(`\n${round.name}`);
  await round(client, recorder);
  console.log(`  ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
const good = report();
if (!good && node.log.length > 0) console.log(`last lines of ${node.name}\n${node.log.join('\n')}`);
process.exit(good ? 0 : 1);
