"""Model packages and what their weights cost: docs/FORMATS.md, 5, 1.3 and SECURITY.md, 4."""

import os
from math import log2

import cbor
import linear
import plan
from ring import pad16, sha256

FILES = [  # role, name; the order of the manifest
    ("compiler", "compiler.cbor"), ("parameters", "parameters.cbor"), ("plan", "plan.cbor"),
    ("schema", "schema.txt"), ("source", "source.onnx"), ("weights", "weights.bin"),
]


def manifest_of(folder):
    rows = []
    for role, name in FILES:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            data = read(path)
            rows.append([role, name, len(data), sha256(data)])
    return cbor.encode(rows)


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


class Package:
    def __init__(self, folder):
        self.manifest = read(folder, "manifest.cbor")
        self.plan = plan.Plan(read(folder, "plan.cbor"))
        self.parameters = read(folder, "parameters.cbor")
        p = self.plan
        self.shape = linear.Shape(p.set_id, p.d, p.k, p.block)
        self.w, self.bias = read_weights(read(folder, "weights.bin"), p.set_id, p.d, p.k)

    def commitment(self, salt):
        return sha256(pad16("HATS-MOD-1"), salt, sha256(self.manifest))

    def answer_max(self):
        """The largest |acc| of any x in the box."""
        most = 0
        for row, bias in zip(self.w, self.bias):
            ends = [sorted((w * lo, w * hi)) for w, lo, hi in zip(row, self.plan.lo, self.plan.hi)]
            most = max(most, abs(bias + sum(e[0] for e in ends)), abs(bias + sum(e[1] for e in ends)))
        return most

    def leakage(self):
        """log2 of KL, of one output word and of k words in d + 1 calls."""
        f = linear.flood_bound(self.shape, self.w, self.plan.log_t)
        noise = linear.delta_of(self.plan.log_t) // 2 - 2 - f
        one = log2((6 * noise / f) ** 2 / 2)
        return one, one + log2(self.plan.k * (self.plan.d + 1))

    def evaluate(self, x):
        present = [(j, v) for j, v in enumerate(x) if v != 0]
        return [sum(row[j] * v for j, v in present) + bias for row, bias in zip(self.w, self.bias)]

    def label(self, acc):
        """None for a regression."""
        if self.plan.task == 2:
            return self.plan.labels[acc[0] > 0]
        return self.plan.labels[acc.index(max(acc))] if self.plan.task == 3 else None


def read_weights(data, set_id, d, k):
    head = pad16("HATS-WEIGHTS-1") + b"".join(n.to_bytes(4, "big") for n in (set_id, d, k))
    if data[: len(head)] != head or len(data) != len(head) + 4 * d * k + 8 * k:
        raise ValueError("not the weights of this plan")
    at = len(head)

    def numbers(count, size):
        nonlocal at
        at += count * size
        part = data[at - count * size : at]
        return [int.from_bytes(part[i : i + size], "big", signed=True) for i in range(0, len(part), size)]

    w = [numbers(d, 4) for _ in range(k)]
    return w, numbers(k, 8)
