// usage: node verify-receipt.mjs FILE.receipt.cose KEY
//
// KEY is a trust file (*.keys.cose) or the signer's raw ML-DSA-65 public key (1952 bytes). Prints the
// header and the claims and exits 0 when the signature holds and every map is deterministic CBOR; says why
// and exits 1 when not.
// Then flips one byte in each of 64 places of the signed file and exits 1 if any of them is accepted.

import { readFileSync } from 'node:fs';
import { Refused, signerKey, verifyReceipt } from './receipt.mjs';

const FLIPS = 64;

function show(value) {
  if (value instanceof Uint8Array) return `h'${Buffer.from(value).toString('hex')}'`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, member]) => `${show(key)}: ${show(member)}`).join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function print(title, map) {
  console.log(title);
  for (const [key, value] of map) console.log(`  ${key}: ${show(value)}`);
}

// The unprotected header is outside the signature, so a flip there need not be refused.
function flippedIsRefused(file, publicKey, position, unprotectedRange) {
  const copy = Uint8Array.from(file);
  copy[position] ^= 1 << (position % 8);
  try {
    verifyReceipt(copy, publicKey);
  } catch (error) {
    if (error instanceof Refused) return true;
    throw error;
  }
  return position >= unprotectedRange.start && position < unprotectedRange.end;
}

function main([file, key]) {
  if (file === undefined || key === undefined) {
    console.error('usage: node verify-receipt.mjs FILE.receipt.cose KEY');
    return 2;
  }
  const bytes = new Uint8Array(readFileSync(file));
  const publicKey = signerKey(bytes, new Uint8Array(readFileSync(key)));
  const { header, unprotected, claims, unprotectedRange } = verifyReceipt(bytes, publicKey);
  print('protected header', header);
  print('unprotected header', unprotected);
  print('claims', claims);
  for (let i = 0; i < FLIPS; i++) {
    const position = Math.floor(((2 * i + 1) * bytes.length) / (2 * FLIPS));
    if (!flippedIsRefused(bytes, publicKey, position, unprotectedRange)) {
      console.error(`refused: a receipt changed at byte ${position} is still accepted`);
      return 1;
    }
  }
  console.log(`signature valid; a flipped byte is refused in each of ${FLIPS} places`);
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(`refused: ${error.message}`);
  process.exitCode = 1;
}
