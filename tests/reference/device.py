"""The device statement: docs/FORMATS.md, section 10.2. What a table holds, what it must satisfy, and the public
columns. RPO-256 as the paper has it: stark.py."""

from dataclasses import dataclass

from frame import H, pad16
from stark import MDS_ROW, P, ROOT, ROUNDS, WIDTH, rpo_constants, rpo_hash

ROWS, COLUMNS, PUBLICS, DEPTH = 256, 13, 13, 20
BITS = 12


@dataclass
class Policy:
    mask: int
    bound: int
    sets: list  # firmware classes, jurisdictions, assurances


@dataclass
class Witness:
    sk: list
    u: list
    ak: list
    posture: int
    facts: list  # firmware class, jurisdiction, assurance
    not_after: int
    serial: int
    slot: int
    index: int
    siblings: list

    def leaf(self):
        pk = rpo_hash(1, self.sk + self.u)
        return pk + self.ak + [self.posture, *self.facts, self.not_after, self.serial]


def relying_party(rp_id):
    digest = H(pad16("HATS-RPF-1"), rp_id)
    return [int.from_bytes(digest[8 * i:8 * i + 8], "big") % P for i in range(2)]


def path_inputs(w):
    """(left, right) of each node of the path, and the root."""
    digest, inputs = rpo_hash(2, w.leaf()), []
    for k, sibling in enumerate(w.siblings):
        both = sibling + digest if w.index >> k & 1 else digest + sibling
        inputs.append(both)
        digest = rpo_hash(0, both)
    return inputs, digest


def nullifier(w, epoch, rp_id):
    return rpo_hash(3, w.sk + [epoch] + relying_party(rp_id) + [w.slot])


def elements(digest):
    return b"".join(x.to_bytes(8, "big") for x in digest)


def public_input(m, root, nf, rp_id, epoch, now, policy):
    def be4(v):
        return v.to_bytes(4, "big")

    said = [pad16("HATS-DEVICE-1"), m, elements(root), elements(nf), rp_id, be4(epoch), now.to_bytes(8, "big"),
            be4(policy.mask), be4(policy.bound)]
    for values in policy.sets:
        said += [be4(len(values)), *map(be4, values)]
    return b"".join(said)


def factor(values, row, j):
    i = 4 * (row - 24) + j
    return values[i] if i < len(values) else values[0]


def public_columns(root, nf, rp_id, epoch, now, policy):
    columns = [[0] * ROWS for _ in range(PUBLICS)]
    for k, values in enumerate(policy.sets):
        for j in range(4):
            for row in range(24, 87):
                columns[4 * k + j][row] = factor(values, row, j)
    for row in range(23, 55):
        columns[12][row] = policy.mask >> (54 - row) & 1
    for i in range(4):
        columns[i][0], columns[i][255] = nf[i], root[i]
        columns[i][7] = [epoch, *relying_party(rp_id), policy.bound - 1][i]
    columns[0][88] = now
    return columns


FLAT = rpo_constants()
CONSTANTS = [(FLAT[24 * r:24 * r + 12], FLAT[24 * r + 12:24 * r + 24]) for r in range(ROUNDS)]


def mix(s, c):
    return [(sum(MDS_ROW[(j - i) % WIDTH] * s[j] for j in range(WIDTH)) + c[i]) % P for i in range(WIDTH)]


def states(state):
    """Before each round, and what comes out."""
    out = [list(state)]
    for c1, c2 in CONSTANTS:
        half = [pow(x, 7, P) for x in mix(out[-1], c1)]
        out.append([pow(x, ROOT, P) for x in mix(half, c2)])
    return out


def table(w, epoch, now, rp_id, policy):
    rows = [[0] * COLUMNS for _ in range(ROWS)]

    def block(first, direction, state):
        for r, s in enumerate(states(state)):
            rows[first + direction * r][:12] = s
        return s

    block(7, -1, [0, 3, 0, 0] + w.sk + [epoch] + relying_party(rp_id) + [w.slot])
    block(8, 1, [0, 1, 0, 0] + w.sk + w.u)
    leaf = w.leaf()
    middle = block(16, 1, [6, 2, 0, 0] + leaf[:8])
    products = [1, 1, 1]
    for row in range(24, 88):
        rows[row][:12] = middle[:4] + leaf[8:13] + products
        for k, values in enumerate(policy.sets):
            for j in range(4):
                products[k] = products[k] * (w.facts[k] - factor(values, row, j)) % P
    block(88, 1, middle[:4] + leaf[8:] + [0, 0])
    for k, both in enumerate(path_inputs(w)[0]):
        block(96 + 8 * k, 1, [0, 0, 0, 0] + both)
        rows[95 + 8 * k][BITS] = w.index >> k & 1
    for row in range(8):
        rows[row][BITS] = w.slot >> (7 - row)
        rows[8 + row][BITS] = (policy.bound - 1 - w.slot) >> row
    for row in range(23, 56):
        rows[row][BITS] = w.posture >> (55 - row)
    for row in range(56, 89):
        rows[row][BITS] = (w.not_after - now) >> (88 - row)
    return [list(column) for column in zip(*rows)]


PATH = [95 + 8 * k for k in range(DEPTH)]
CAPACITIES = {7: (0, 3), 8: (0, 1), 16: (6, 2), **{row + 1: (0, 0) for row in PATH}}
ZERO = {*range(16, 24), 56, *(row for row in range(89, 256) if row not in PATH)}
FORWARD = [row for row in range(8, 256) if row % 8 != 7 and not 24 <= row <= 87]
UPWARDS = {255, *range(7), *range(23, 55), *range(56, 88)}


def row_holds(columns, public, row):
    """Is everything 0 that the page's list of constraints has for this row?"""
    s, t = [c[row] for c in columns], [c[(row + 1) % ROWS] for c in columns]
    given, b, c = [column[row] for column in public], s[BITS], t[BITS]
    zeros = []
    if row in FORWARD or row < 7:
        before, after, round_ = (s, t, row % 8) if row in FORWARD else (t, s, 6 - row)
        c1, c2 = CONSTANTS[round_]
        inner = [pow(x, 7, P) for x in mix(before[:12], c1)]
        zeros += [x - pow(y, 7, P) for x, y in zip(mix(inner, c2), after)]
    if row in CAPACITIES:
        zeros += [x - y for x, y in zip(s, (*CAPACITIES[row], 0, 0))]
    if row in (7, 15):
        zeros += [t[i] - s[i] for i in range(4, 8)]
    if row in PATH:
        zeros += [t[i] - s[i] - b * (t[i] - t[i + 4]) for i in range(4, 8)] + [b * b - b]
    if 23 <= row <= 87:
        zeros += [t[i] - s[i] for i in range(4)]
    if 24 <= row <= 87:
        zeros += [t[i] - s[i] for i in range(4, 9)]
    if row == 88:
        zeros += [s[10], s[11], b - s[8] + given[0]]
    if row in (0, 255):
        zeros += [s[4 + i] - given[i] for i in range(4)]
    if row == 7:
        zeros += [s[8 + i] - given[i] for i in range(3)] + [b - s[11], c + s[11] - given[3]]
    for k in range(3):
        product = s[9 + k]
        if row in (24, 87):
            zeros.append(product - (row == 24))
        if 24 <= row <= 86:
            for j in range(4):
                product = product * (s[5 + k] - given[4 * k + j])
            zeros.append(t[9 + k] - product)
    if row in UPWARDS:
        x = c - 2 * b
        zeros.append(x * x - x)
    zeros.append(given[12] * (1 - c + 2 * b))
    if 8 <= row <= 15:
        x = b - 2 * c
        zeros.append(x * x - x)
    if row == 55:
        zeros.append(b - s[4])
    if row in ZERO:
        zeros.append(b)
    return not any(x % P for x in zeros)
