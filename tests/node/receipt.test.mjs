// Shows that the checker itself can fail: it signs small receipts with the npm library and then
// breaks them in every way that a verifier must notice. Prints TAP.

import { randomBytes } from 'node:crypto';
import { encode, rfc8949EncodeOptions, Tagged } from 'cborg';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';
import { decodeDeterministic, Refused, SIGNATURE_BYTES, signerKey, thumbprint, toBeSigned, verifyReceipt } from './receipt.mjs';

const deterministic = (value) => encode(value, rfc8949EncodeOptions);
const keys = ml_dsa65.keygen(new Uint8Array(randomBytes(32)));
const claims = new Map([[1, 1], [2, 1], [21, 'wdbc'], [32, new Uint8Array(32).fill(7)], [50, 1700000000000]]);

function signed({ header = new Map([[1, -49]]), payload = deterministic(claims), unprotected = new Map() } = {}) {
  const protectedBytes = deterministic(header);
  const signature = ml_dsa65.sign(keys.secretKey, toBeSigned(protectedBytes, payload));
  return deterministic(new Tagged(18, [protectedBytes, unprotected, payload, signature]));
}

function keySet(kid = thumbprint(-49, keys.publicKey)) {
  return deterministic([new Map([[1, 7], [2, kid], [3, -49], [-1, keys.publicKey], [-65537, 'signer']])]);
}

function throwsRefused(action) {
  try {
    action();
    return false;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return true;
  }
}

const refused = (file, publicKey = keys.publicKey) => throwsRefused(() => verifyReceipt(file, publicKey));

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));
// A long zero, unsorted keys, a key twice, an endless array and string, a single where a half would do,
// a NaN, a tag nobody asked for, a byte too many.
const nonDeterministic = [
  '1800', 'a202020101', 'a201010102', '9fff', '7f6161ff', 'fa00000000', 'f97e00', 'c000', '0000',
];

const tests = {
  'a receipt signed with ML-DSA-65 is accepted and its claims come back': () => {
    const receipt = verifyReceipt(signed(), keys.publicKey);
    return receipt.claims.get(21) === 'wdbc' && receipt.claims.size === claims.size;
  },
  'an unprotected header is returned and does not disturb the signature': () => {
    const receipt = verifyReceipt(signed({ unprotected: new Map([[394, [new Uint8Array(3)]]]) }), keys.publicKey);
    return receipt.unprotected.has(394);
  },
  'a flipped bit is refused in every byte before the signature and in every 32nd of it': () => {
    const file = signed();
    const signatureStart = file.length - SIGNATURE_BYTES;
    const flipped = (i) => file.map((byte, j) => (i === j ? byte ^ (1 << (i % 8)) : byte));
    return file.every((_, i) => (i > signatureStart && i % 32 !== 0) || refused(flipped(i)));
  },
  'the range outside the signature is where the unprotected header is': () => {
    const unprotected = new Map([[394, [new Uint8Array(5)]]]);
    const file = signed({ unprotected });
    const { start, end } = verifyReceipt(file, keys.publicKey).unprotectedRange;
    return Buffer.from(file.subarray(start, end)).equals(Buffer.from(deterministic(unprotected)));
  },
  'another key is refused': () => refused(signed(), ml_dsa65.keygen(new Uint8Array(randomBytes(32))).publicKey),
  'a public key of the wrong length is refused': () => refused(signed(), keys.publicKey.subarray(1)),
  'a truncated file is refused at every length': () => {
    const file = signed();
    return [0, 1, 2, 10, file.length - 1].every((length) => refused(file.subarray(0, length)));
  },
  'a byte after the end is refused': () => refused(Uint8Array.from([...signed(), 0])),
  'the signer is found in a set of keys by its thumbprint': () => {
    const file = signed({ header: new Map([[1, -49], [4, thumbprint(-49, keys.publicKey)]]) });
    return Buffer.from(signerKey(file, keySet())).equals(Buffer.from(keys.publicKey));
  },
  'a set without the signer is refused': () =>
    throwsRefused(() => signerKey(signed({ header: new Map([[1, -49], [4, new Uint8Array(32)]]) }), keySet())),
  'a key under a thumbprint that is not its own is refused': () => {
    const kid = new Uint8Array(32).fill(1);
    const file = signed({ header: new Map([[1, -49], [4, kid]]) });
    return throwsRefused(() => signerKey(file, keySet(kid)));
  },
  'another algorithm in the header is refused': () => refused(signed({ header: new Map([[1, -50]]) })),
  'a payload that is no map is refused': () => refused(signed({ payload: deterministic([1, 2]) })),
  'a payload with unsorted keys is refused though it is signed': () => refused(signed({ payload: bytes('a202020101') })),
  'non-deterministic encodings are refused': () =>
    nonDeterministic.every((hex) => throwsRefused(() => decodeDeterministic(bytes(hex), hex))),
};

const names = Object.keys(tests);
console.log(`1..${names.length}`);
let failures = 0;
names.forEach((name, i) => {
  const passed = tests[name]();
  if (!passed) failures++;
  console.log(`${passed ? 'ok' : 'not ok'} ${i + 1} - ${name}`);
});
process.exitCode = failures === 0 ? 0 : 1;
