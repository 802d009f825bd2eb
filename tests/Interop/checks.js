'use strict';
const { codeName, code } = require('./cluster-client');

let passed = 0;
let failed = 0;
const tell = (value) => JSON.stringify(value, (_, v) => (v && v.type === 'Buffer' ? `<${v.data.length} bytes>` : v));

/** Notes one check; `got` is shown when it fails. */
function check(name, holds, got) {
  if (holds) { passed += 1; console.log(`PASS ${name}`); return true; }
  failed += 1;
  console.log(`FAIL ${name}${got === undefined ? '' : ': ' + tell(got)}`);
  return false;
}

/** The call must be refused with this status, and the message must say `words`. */
async function refused(name, promise, status, words = '') {
  try {
    const reply = await promise;
    check(name, false, { expected: codeName(status), reply });
  } catch (error) {
    if (error.code === undefined) throw error;
    check(name, error.code === status && error.details.includes(words), { code: codeName(error.code), details: error.details });
    return error;
  }
  return null;
}

/** Asks again until the answer is right; gives the last answer. */
async function eventually(ask, right, withinMs = 30_000) {
  const until = Date.now() + withinMs;
  for (;;) {
    let answer;
    try { answer = await ask(); } catch (error) {
      if (error.code !== code.UNAVAILABLE && error.code !== code.FAILED_PRECONDITION) throw error;
      answer = { error: `${codeName(error.code)} ${error.details}` };
    }
    if (right(answer) || Date.now() > until) return answer;
    await new Promise((done) => setTimeout(done, 100));
  }
}

let requests = 0;
const run = `${process.pid}-${Date.now().toString(36)}`;
/** A request_id of its own for each mutation. */
const requestId = () => `interop-${run}-${++requests}`;
/** A name that no other run uses. */
const unique = (name) => `${name}-${run}`;
const totals = () => ({ passed, failed });

module.exports = { check, refused, eventually, requestId, unique, totals };
