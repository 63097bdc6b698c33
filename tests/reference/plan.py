"""Plans and their input programmes: docs/FORMATS.md, 5.1. From CSV rows to the integers that are
encrypted."""

import re

import cbor
import ngrams
from ring import be4, pad16, sha256

KEYS = range(1, 15)
COLUMNS, TEXT = 1, 2
NUMBER, CATEGORY = 1, 2
AFFINE, INTERVAL, OF_CATEGORY = 1, 2, 3
MISSING_REFUSED, MISSING_EMPTY, MISSING_SENTINEL = 0, 1, 2
SHIFT, AFFINE_BITS = 28, 61


class Refused(ValueError):
    """This record has no x."""


def box_digest(lo, hi):
    return sha256(pad16("HATS-BOX-1"), *(be4(a) + be4(b) for a, b in zip(lo, hi)))


def runs_of(lo, hi):
    """[[count, lo, hi], ...], as long as they can be."""
    runs = []
    for bounds in zip(lo, hi):
        if runs and tuple(runs[-1][1:]) == bounds:
            runs[-1][0] += 1
        else:
            runs.append([1, *bounds])
    return runs


class Plan:
    def __init__(self, data):
        fields = cbor.decode(data)
        assert list(fields) == list(KEYS) and fields[1] == 1
        self.data = data
        self.fields = fields
        (self.d, self.k, self.block), self.labels = fields[8], fields[12]
        self.task, self.set_id, self.log_t = fields[4], fields[6], fields[7]
        self.lo = [lo for count, lo, _ in fields[9] for _ in range(count)]
        self.hi = [hi for count, _, hi in fields[9] for _ in range(count)]
        assert len(self.lo) == self.d
        self.programme = fields[11]

    def digest(self):
        return sha256(self.data)

    def encode_again(self):
        """Every redundancy recomputed: runs of bounds, box digest."""
        again = dict(self.fields)
        again[9] = runs_of(self.lo, self.hi)
        again[10] = box_digest(self.lo, self.hi)
        return cbor.encode(again)

    def bind(self, header):
        """header: the names in the CSV's first row. Returns row -> x."""
        at = {name: place for place, name in enumerate(header)}
        if self.programme[0] == TEXT:
            _, column, profile, sum_cap, norm_cap = self.programme
            assert profile == 1
            return lambda row: self._text(row[at[column]], sum_cap, norm_cap)
        _, columns, rules = self.programme
        assert len(rules) == self.d
        known = {c: set() for c in range(len(columns))}
        for rule in rules:
            if rule[0] == OF_CATEGORY:
                known[rule[1]].add(rule[2])

        def apply(row):
            cells = [read_cell(row[at[c[1]]], c, known[n]) for n, c in enumerate(columns)]
            return [
                within(run_rule(rule, cells[rule[1]]), rule, self.lo[j], self.hi[j])
                for j, rule in enumerate(rules)
            ]

        return apply

    def _text(self, text, sum_cap, norm_cap):
        x = ngrams.features(text.encode("utf-8"), self.d)
        if not ngrams.words_of(text.encode("utf-8")):
            raise Refused("no word in the text")
        if sum(abs(v) for v in x[:-1]) > sum_cap or x[-1] > norm_cap:
            raise Refused("a longer text than the model takes")
        if any(not lo <= v <= hi for v, lo, hi in zip(x, self.lo, self.hi)):
            raise Refused("outside the box")
        return x


DECIMAL = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)


def parse_decimal(text, decimals):
    """The value times 10^decimals, an integer."""
    found = DECIMAL.fullmatch(text)
    if not found:
        raise Refused("not a number")
    sign, whole, fraction, exponent = found.groups(default="")
    digits = int(whole + fraction)
    if digits == 0:
        return 0
    shift = int(exponent or "0") - len(fraction) + decimals
    while digits % 10 == 0:
        digits //= 10
        shift += 1
    if shift < 0:
        raise Refused("more digits than the model takes")
    if shift > 18 or digits * 10**shift >= 2**63:
        raise Refused("too large a number")
    return -digits * 10**shift if sign == "-" else digits * 10**shift


MISSING = object()


def read_cell(text, column, known_texts):
    """An integer, a text, or MISSING."""
    if column[0] == NUMBER:
        _, _, decimals, missing, sentinel = column
        if text == "" and missing == MISSING_EMPTY:
            return MISSING
        v = parse_decimal(text, decimals)
        return MISSING if missing == MISSING_SENTINEL and v == sentinel else v
    _, _, missing, unknown_is_zero = column
    if text == "":
        if missing == MISSING_EMPTY:
            return MISSING
        raise Refused("an empty cell")
    if text not in known_texts and not unknown_is_zero:
        raise Refused("a category that the model does not know")
    return text


def run_rule(rule, cell):
    if cell is MISSING:
        return rule[-1]
    if rule[0] == AFFINE:
        _, _, a, b, _, _ = rule
        if abs(a * cell + b) >= 2**AFFINE_BITS:
            raise Refused("outside what the model takes")
        return (a * cell + b) >> SHIFT
    if rule[0] == INTERVAL:
        _, _, above, up_to, unit, _ = rule
        inside = (above is None or cell > above) and (up_to is None or cell <= up_to)
        return unit if inside else 0
    _, _, text, unit, _ = rule
    return unit if cell == text else 0


def within(x, rule, lo, hi):
    if lo <= x <= hi:
        return x
    if rule[0] == AFFINE and rule[4]:
        return lo if x < lo else hi
    raise Refused("outside what the model takes")


CELL = re.compile(r'"((?:[^"]|"")*)"|([^",\r\n]*)')
LINE_END = re.compile(r"\r?\n")
BLANK_LINES = re.compile(r"(\r?\n)+")


def read_csv(data):
    """Rows of a strict CSV file: cells separated by commas, in double quotes where they hold commas, line
    ends or doubled quotes; LF or CRLF; all rows of one length; blank lines at the end alone."""
    text = data.decode("utf-8").removeprefix("\ufeff")
    if "\0" in text:
        raise ValueError("a zero byte")
    rows, at = [], 0
    while at < len(text):
        blank = BLANK_LINES.match(text, at)
        if blank and rows and blank.end() == len(text):
            break
        if blank:
            raise ValueError(f"a blank line at character {at}")
        row, at = read_row(text, at)
        rows.append(row)
        if len(row) != len(rows[0]):
            raise ValueError(f"a row of {len(row)} cells, not {len(rows[0])}")
    if not rows:
        raise ValueError("no row")
    return rows


def read_row(text, at):
    """The cells, and where the next row begins."""
    row = []
    while True:
        cell = CELL.match(text, at)
        quoted, bare = cell.groups()
        row.append(bare if quoted is None else quoted.replace('""', '"'))
        at = cell.end()
        if text.startswith(",", at):
            at += 1
            continue
        end = LINE_END.match(text, at)
        if end:
            return row, end.end()
        if at == len(text):
            return row, at
        raise ValueError(f"no CSV at character {at}")
