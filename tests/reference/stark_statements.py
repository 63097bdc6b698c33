"""Statements: systems, public input, and what the statement gives to a verifier (docs/FORMATS.md, 8.1).

A statement of the library computes its public columns, weights and scalars from its public input. These are
for tests, with nothing behind them, so they are said in JSON:

    {"public_input": HEX,
     "tables": [{"system": HEX, "public": [column, ...], "weights": [column, ...], "scalars": [scalar, ...]}]}

    public column   [element of F_p, ...]
    weight column   [element of K, ...] or {"powers_of": i}: 1, c, c^2, ... of challenge i
    scalar          element of K or {"public": i, "weight": j}: the sum of the products of two columns
    element of K    [a0, a1, a2]

Elements are decimal text, because 64 bits are too much for many readers of JSON.
"""

import json
from dataclasses import dataclass, field, replace

import air
from cubic import K


@dataclass
class Table:
    system: air.System
    public: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    scalars: list = field(default_factory=list)


@dataclass
class Statement:
    public_input: bytes
    tables: list

    @property
    def systems(self):
        return [table.system for table in self.tables]

    def public(self, t):
        return self.tables[t].public

    def weights(self, t, challenges):
        n = self.tables[t].system.n
        return [weight_column(weight, n, challenges) for weight in self.tables[t].weights]

    def scalars(self, t, challenges):
        table, weights = self.tables[t], self.weights(t, challenges)
        return [scalar_value(scalar, table.public, weights) for scalar in table.scalars]


def weight_column(weight, n, challenges):
    if isinstance(weight, list):
        return weight
    challenge, column = challenges[weight["powers_of"]], [K(1)]
    while len(column) < n:
        column.append(column[-1] * challenge)
    return column


def scalar_value(scalar, public, weights):
    if isinstance(scalar, K):
        return scalar
    return sum((w * p for p, w in zip(public[scalar["public"]], weights[scalar["weight"]])), K(0))


def statement_of(*tables):
    """With a public input that says everything that the systems do not."""
    tables = [replace(table, system=air.canonical(table.system)) for table in tables]
    said = [write_table(table) for table in tables]
    for table in said:
        del table["system"]
    return Statement(json.dumps(said).encode(), tables)


# JSON


def write_table(table):
    def element(value):
        return [str(a) for a in value.c]

    def derived_or(write, value):
        return value if isinstance(value, dict) else write(value)

    return {
        "system": air.encode(table.system).hex(),
        "public": [[str(value) for value in column] for column in table.public],
        "weights": [derived_or(lambda column: [element(v) for v in column], weight) for weight in table.weights],
        "scalars": [derived_or(element, scalar) for scalar in table.scalars],
    }


def write_statement(statement):
    tables = [write_table(table) for table in statement.tables]
    return json.dumps({"public_input": statement.public_input.hex(), "tables": tables})


def read_table(said):
    def element(value):
        return K(*map(int, value))

    def derived_or(read, value):
        return value if isinstance(value, dict) else read(value)

    return Table(
        system=air.decode(bytes.fromhex(said["system"])),
        public=[[int(value) for value in column] for column in said["public"]],
        weights=[derived_or(lambda column: [element(v) for v in column], weight) for weight in said["weights"]],
        scalars=[derived_or(element, scalar) for scalar in said["scalars"]],
    )


def read_statement(text):
    said = json.loads(text)
    return Statement(bytes.fromhex(said["public_input"]), [read_table(table) for table in said["tables"]])
