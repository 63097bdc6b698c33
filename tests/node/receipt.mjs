// Reads and verifies a hats receipt with nothing of ours: ML-DSA and CBOR come from npm.
//
// A receipt is a COSE_Sign1 (RFC 9052, 4.2; tag 18)
//     18([ protected: bstr .cbor map, unprotected: map, payload: bstr .cbor map, signature: bstr ])
// signed with ML-DSA-65 (RFC 9964: alg -49, empty context string) over the deterministic encoding of
//     Sig_structure = [ "Signature1", protected, external_aad = h'', payload ]
// Every map is in RFC 8949 4.2.1 order, so that decoding and encoding again gives the same bytes.

import { decode, encode, rfc8949EncodeOptions, Tagged } from 'cborg';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';

export const PUBLIC_KEY_BYTES = 1952;
export const SIGNATURE_BYTES = 3309;

const COSE_SIGN1_TAG = 18;
const HEADER_ALG = 1;
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

// Returns { header, unprotected, claims, unprotectedRange } of a valid receipt and throws Refused with
// the reason otherwise. The range tells which bytes of the file the signature does not cover.
export function verifyReceipt(file, publicKey) {
  refuseUnless(publicKey.length === PUBLIC_KEY_BYTES, `a public key has ${PUBLIC_KEY_BYTES} bytes`);
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
