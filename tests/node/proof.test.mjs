// The verifier of proofs as a browser runs it: a real proof of ours holds, and nothing else does. Prints TAP.
//
// usage: proof.test.mjs VERIFY.WASM PROVE_DEMO

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [wasmPath, proverPath] = process.argv.slice(2);
const SUM = 31337n;
let count = 0;
let failures = 0;

function check(name, holds, note = '') {
  count += 1;
  failures += holds ? 0 : 1;
  console.log(`${holds ? 'ok' : 'not ok'} ${count} - ${name}${holds || note === '' ? '' : `\n# ${note}`}`);
}

const folder = mkdtempSync(join(tmpdir(), 'hats-proof-'));
const proofPath = join(folder, 'demo.proof');
execFileSync(proverPath, [String(SUM), proofPath]);
const proof = new Uint8Array(readFileSync(proofPath));
rmSync(folder, { recursive: true });

const module = await WebAssembly.compile(readFileSync(wasmPath));
check('the module imports nothing', WebAssembly.Module.imports(module).length === 0);
const { exports } = await WebAssembly.instantiate(module, {});
const at = exports.buffer();

function text(address) {
  const bytes = new Uint8Array(exports.memory.buffer, address);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function verify(bytes, sum = SUM) {
  new Uint8Array(exports.memory.buffer).set(bytes, at);
  const reason = exports.verify(at, bytes.length, sum);
  return text(exports.text(reason));
}

function changed(offset, value) {
  const copy = proof.slice();
  copy[offset] ^= value;
  return copy;
}

function elapsed(action) {
  const begin = performance.now();
  action();
  return performance.now() - begin;
}

check('a proof fits', proof.length <= exports.capacity(), `${proof.length} bytes`);
check('a real proof holds', verify(proof) === 'accepted', verify(proof));
const times = Array.from({ length: 10 }, () => elapsed(() => verify(proof))).sort((a, b) => a - b);
console.log(`# ${proof.length} bytes, ${times[0].toFixed(2)} ms of ${times.length} runs`);
check('another sum does not', verify(proof, SUM + 1n) === 'constraints');
check('a sum that 256 bytes cannot have', verify(proof, 65281n) === 'no such statement');
check('nothing at all', verify(new Uint8Array(0)) === 'length');
check('one byte less', verify(proof.subarray(0, proof.length - 1)) === 'length');
check('one byte more', verify(Uint8Array.of(...proof, 0)) === 'length');
check('another format', verify(changed(0, 1)) === 'header');
check('another suite', verify(changed(17, 1)) === 'suite');
check('another system', verify(changed(25, 1)) === 'tables');
check('other sizes', verify(changed(53, 1)) === 'shape', verify(changed(53, 1)));
const noField = proof.slice();
noField.fill(0xff, 300, 324);
check('no field element', verify(noField) === 'canonical', verify(noField));
let accepted = 0;
for (let i = 0; i < proof.length; i += 97) accepted += verify(changed(i, 1 << (i % 8))) === 'accepted' ? 1 : 0;
check('no changed byte is accepted', accepted === 0, `${accepted} were`);
const random = new Uint8Array(5000);
for (let i = 0; i < 50; i += 1) {
  crypto.getRandomValues(random);
  random.set(proof.subarray(0, (i * 7) % 400));
  accepted += verify(random) === 'accepted' ? 1 : 0;
}
check('nor what merely begins like a proof', accepted === 0);
check('and the real proof holds after all that', verify(proof) === 'accepted');
console.log(`1..${count}`);
process.exitCode = failures === 0 ? 0 : 1;
