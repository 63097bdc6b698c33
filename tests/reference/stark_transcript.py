"""The transcript of a proof (docs/FORMATS.md, 8.4) and the work that it asks for."""

import hashlib

from cubic import K, P

SUITE, SYSTEMS, PUBLIC_INPUT, SALT, TRACE, CHALLENGES, AUX, LAMBDA = range(1, 9)
QUOTIENT, ZETA, OPENED, ETA, LAYER, BETA, FINAL, WORK, NONCE, POSITIONS = range(9, 19)


class Transcript:
    """`omitted` labels are drawn but never absorbed: only to show what each of them is for."""

    def __init__(self, omitted=()):
        self.x = b"HATS-STARK-1".ljust(16, b"\0")
        self.omitted = frozenset(omitted)

    def absorb(self, label, data):
        if label not in self.omitted:
            self.x += bytes([label]) + len(data).to_bytes(8, "big") + data

    def _draw(self, label, n, size):
        """At least `size` bytes of what follows the new x."""
        shake = hashlib.shake_256(self.x + bytes([label]) + n.to_bytes(8, "big"))
        y = shake.digest(64 + size)
        self.x = y[:64]
        return y[64:]

    def elements(self, label, n):
        # One word in 2^32 is skipped: sixteen to spare are never used up.
        drawn = self._draw(label, n, 8 * (3 * n + 16))
        words = [int.from_bytes(drawn[i:i + 8], "little") for i in range(0, len(drawn), 8)]
        words = [word for word in words if word < P]
        return [K(*words[3 * i:3 * i + 3]) for i in range(n)]

    def element(self, label):
        return self.elements(label, 1)[0]

    def bytes(self, label, n):
        return self._draw(label, n, n)[:n]

    def positions(self, n, log_domain):
        drawn = self._draw(POSITIONS, n, 8 * n)
        words = [int.from_bytes(drawn[i:i + 8], "little") for i in range(0, 8 * n, 8)]
        return sorted({word % 2**log_domain for word in words})


def work_is_done(seed, nonce, bits):
    digest = hashlib.sha256(b"HATS-WORK-1".ljust(16, b"\0") + seed + nonce).digest()
    return int.from_bytes(digest, "big") < 2 ** (256 - bits)


def do_work(seed, bits):
    nonce = 0
    while not work_is_done(seed, nonce.to_bytes(8, "big"), bits):
        nonce += 1
    return nonce.to_bytes(8, "big")
