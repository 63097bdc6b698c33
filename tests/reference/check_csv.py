"""check_csv.py DUMP_CSV: the library and the model must find the same rows in, or both refuse, every
document of up to six characters out of a letter, comma, quote, LF and CR, and some longer ones."""

import itertools
import subprocess
import sys

from plan import read_csv
from tap import Tap


def parse(line):
    if line.startswith("refused "):
        return None
    return [[bytes.fromhex(cell) for cell in row.split(",")] for row in line.split("|")[:-1]]


def model_rows(document):
    try:
        return [[cell.encode("utf-8") for cell in row] for row in read_csv(document)]
    except ValueError:  # UnicodeDecodeError is one
        return None


def compare(tap, program, sentence, documents):
    lines = "".join(document.hex() + "\n" for document in documents)
    done = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    theirs = [parse(line) for line in done.stdout.splitlines()]
    ours = [model_rows(document) for document in documents]
    differ = [f"{d!r}: program {a!r}, model {b!r}" for d, a, b in zip(documents, theirs, ours) if a != b]
    tap.check(
        f"{sentence}: {len(documents)} documents, {sum(o is not None for o in ours)} taken",
        len(theirs) == len(documents) and not differ, *differ[:20],
    )


def strings(alphabet, longest):
    for n in range(longest + 1):
        for letters in itertools.product(alphabet, repeat=n):
            yield "".join(letters).encode()


BOM = b"\xef\xbb\xbf"
LONGER = [
    BOM, BOM + b"a,b\n", BOM + BOM + b"a\n", b"a" + BOM, b"\xff", b"a,\xc3\xa9\n", b"a,\xc3\n", b'"\xc3\xa9"', b"\xed\xa0\x80",
    b"a,b\r\n1,2\r\n", b"a,b\r1,2\r", b'"a""b","c\r\nd"\n', b'"a"b\n', b'a"b\n', b' "a"\n', b'"a" \n', b"a, b\n", b"\t,\n", b"a;b\n",
    b"a,b\n1\n", b"a\n1,2\n", b"a,b\n1,2,\n", b"'a','b'\n", b"a\x0bb\n", b"a\0b\n", b"a\n\0", b"a\xc2\x85b\n", b"a\xe2\x80\xa8b\n",
]


def main():
    tap = Tap()
    compare(tap, sys.argv[1], "up to six of five characters", list(strings('a,"\n\r', 6)))
    compare(tap, sys.argv[1], "up to seven of four characters", list(strings('a,"\n', 7)))
    compare(tap, sys.argv[1], "longer ones", LONGER)
    tap.finish()


main()
