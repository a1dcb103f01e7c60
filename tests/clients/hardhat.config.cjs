// Hardhat's project for rounds/hardhat.mjs, which says by RPC_HTTP where the node is and by HARDHAT_WRITES where what
// is sent is written down.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { subtask } = require('hardhat/config');
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require('hardhat/builtin-tasks/task-names');
require('@nomicfoundation/hardhat-ignition-ethers');
require('hardhat-deploy');
const { hardhat: key } = require('./lib/keys.json');

// The compiler of npm, as with the other clients, so that nothing else is downloaded.
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async () => ({
  version: '0.8.30',
  longVersion: require('solc').version(),
  compilerPath: require.resolve('solc/soljson.js'),
  isSolcJs: true,
}));

// What is compiled stays from run to run, what is sent does not. Checkouts share the folder, so each text of the
// contract has its own.
const text = createHash('sha256').update(readFileSync(join(__dirname, 'contracts/Votes.sol')));
const compiled = join(__dirname, 'node_modules/.cache/hardhat', text.digest('hex').slice(0, 16));
const writes = process.env.HARDHAT_WRITES;

module.exports = {
  solidity: {
    version: '0.8.30',
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: 'none' },
    },
  },
  defaultNetwork: 'pars',
  networks: { pars: { url: process.env.RPC_HTTP, chainId: 1337, accounts: [key] } },
  // Ignition waits for five blocks, and here there is none without a transaction. One is final.
  ignition: { requiredConfirmations: 1, blockPollingInterval: 50 },
  paths: {
    sources: 'contracts',
    artifacts: join(compiled, 'artifacts'),
    cache: join(compiled, 'cache'),
    ignition: join(writes, 'ignition'),
    deployments: join(writes, 'deployments'),
  },
};
