'use strict';
// usage: node drive.js --control HOST:PORT,… --media HOST:PORT,…
// Drives every service of a running cluster in development mode; the last line is "N passed, M failed".
const { Server, codeName } = require('./cluster-client');
const { check, totals } = require('./checks');

function addresses(flag) {
  const at = process.argv.indexOf(flag);
  const value = at > 0 ? process.argv[at + 1] : '';
  if (!value) { console.error(`usage: node drive.js --control HOST:PORT,… --media HOST:PORT,… (${flag} is missing)`); process.exit(2); }
  return value.split(',').map((address) => new Server(address));
}

const target = { replicas: addresses('--control'), media: addresses('--media') };
const parts = [
  ['health and reflection', require('./cluster').faces],
  ['rooms and seats', require('./rooms')],
  ['nodes', require('./nodes')],
  ['agent', require('./agent')],
  ['audit', require('./audit')],
  ['cluster', require('./cluster').cluster],
];

(async () => {
  for (const [name, part] of parts) {
    console.log(`== ${name}`);
    try { await part(target); } catch (error) {
      check(`${name} ran to its end`, false, error.code === undefined ? error.stack : `${codeName(error.code)}: ${error.details}`);
    }
  }
  for (const server of [...target.replicas, ...target.media]) server.close();
  const { passed, failed } = totals();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
})();
