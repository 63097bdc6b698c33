// Reads and verifies a hats receipt with nothing of ours: ML-DSA and CBOR come from npm.
//
// A receipt is a COSE_Sign1 (RFC 9052, 4.2; tag 18)
//     18([ protected: bstr .cbor map, unprotected: map, payload: bstr .cbor map, signature: bstr ])
// signed with ML-DSA-65 (RFC 9964: alg -49, empty context string) over the deterministic encoding of
//     Sig_structure = [ "Signature1", protected, external_aad = h'', payload ]
// Every map is in RFC 8949 4.2.1 order, so that decoding and encoding again gives the same bytes.

import { createHash } from 'node:crypto';
import { decode, encode, rfc8949EncodeOptions, Tagged } from 'cborg';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';

export const PUBLIC_KEY_BYTES = 1952;
export const SIGNATURE_BYTES = 3309;

const COSE_SIGN1_TAG = 18;
const HEADER_ALG = 1;
const HEADER_KID = 4;
const KEY_TYPE = 1; // labels of a COSE_Key: RFC 9052, 7.1, and RFC 9964
const KEY_ID = 2;
const KEY_ALG = 3;
const KEY_PUBLIC = -1;
const KEY_TYPE_AKP = 7;
const ALG_ML_DSA_65 = -49;

const strictly = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
};

export class Refused extends Error {}

function refuseUnless(condition, reason) {
  if (!condition) throw new Refused(reason);
}

function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// Decodes one CBOR item and demands that it was written the one deterministic way.
export function decodeDeterministic(bytes, what, options = {}) {
  let value;
  try {
    value = decode(bytes, { ...strictly, ...options });
  } catch (error) {
    throw new Refused(`${what} is not strict CBOR: ${error.message}`);
  }
  refuseUnless(same(encode(value, rfc8949EncodeOptions), bytes), `${what} is not deterministic CBOR`);
  return value;
}

export function toBeSigned(protectedBytes, payload) {
  return encode(['Signature1', protectedBytes, new Uint8Array(0), payload], rfc8949EncodeOptions);
}

function parts(file) {
  const cose = decodeDeterministic(file, 'the file', { tags: Tagged.preserve(COSE_SIGN1_TAG) });
  refuseUnless(cose instanceof Tagged && Array.isArray(cose.value), 'not a COSE_Sign1 (tag 18)');
  refuseUnless(cose.value.length === 4, 'a COSE_Sign1 has four members');
  const [protectedBytes, unprotected, payload, signature] = cose.value;
  refuseUnless(protectedBytes instanceof Uint8Array, 'the protected header is not a byte string');
  refuseUnless(unprotected instanceof Map, 'the unprotected header is not a map');
  refuseUnless(payload instanceof Uint8Array, 'the payload is not a byte string');
  refuseUnless(signature instanceof Uint8Array, 'the signature is not a byte string');
  const header = decodeDeterministic(protectedBytes, 'the protected header');
  refuseUnless(header instanceof Map, 'the protected header is not a map');
  return { header, protectedBytes, unprotected, payload, signature };
}

// The COSE key thumbprint of an ML-DSA key [RFC 9679]: SHA-256 of its required members.
export function thumbprint(alg, publicKey) {
  const required = new Map([[KEY_TYPE, KEY_TYPE_AKP], [KEY_ALG, alg], [KEY_PUBLIC, publicKey]]);
  return new Uint8Array(createHash('sha256').update(encode(required, rfc8949EncodeOptions)).digest());
}

// The signer's public key out of what the reader trusts: a raw key, or a COSE_KeySet that has it.
export function signerKey(file, trusted) {
  if (trusted.length === PUBLIC_KEY_BYTES) return trusted;
  const keys = decodeDeterministic(trusted, 'the key set');
  refuseUnless(Array.isArray(keys), 'the key set is not an array');
  const kid = parts(file).header.get(HEADER_KID);
  refuseUnless(kid instanceof Uint8Array, 'the receipt does not say which key signed it');
  const key = keys.find((k) => k instanceof Map && k.get(KEY_ID) instanceof Uint8Array && same(k.get(KEY_ID), kid));
  refuseUnless(key !== undefined, 'the key set has no key with the id of the signer');
  const publicKey = key.get(KEY_PUBLIC);
  refuseUnless(key.get(KEY_TYPE) === KEY_TYPE_AKP && publicKey instanceof Uint8Array, 'not an ML-DSA key');
  refuseUnless(same(thumbprint(key.get(KEY_ALG), publicKey), kid), 'the key id is not the thumbprint of the key');
  return publicKey;
}

// Returns { header, unprotected, claims, unprotectedRange } of a valid receipt and throws Refused with
// the reason otherwise. The range tells which bytes of the file the signature does not cover.
export function verifyReceipt(file, publicKey) {
  refuseUnless(publicKey.length === PUBLIC_KEY_BYTES, `a public key has ${PUBLIC_KEY_BYTES} bytes`);
  const { header, protectedBytes, unprotected, payload, signature } = parts(file);
  refuseUnless(header.get(HEADER_ALG) === ALG_ML_DSA_65, 'the algorithm is not ML-DSA-65');
  refuseUnless(signature.length === SIGNATURE_BYTES, `the signature has not ${SIGNATURE_BYTES} bytes`);

  const valid = ml_dsa65.verify(publicKey, toBeSigned(protectedBytes, payload), signature);
  refuseUnless(valid, 'the signature does not fit the claims');

  const claims = decodeDeterministic(payload, 'the payload');
  refuseUnless(claims instanceof Map, 'the claims are not a map');

  const encodedLength = (value) => encode(value, rfc8949EncodeOptions).length;
  const end = file.length - encodedLength(payload) - encodedLength(signature);
  const unprotectedRange = { start: end - encodedLength(unprotected), end };
  return { header, unprotected, claims, unprotectedRange };
}
