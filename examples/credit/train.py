#!/usr/bin/python3
"""Train the credit scorecard and write what the example needs.

Debian: apt install python3-sklearn python3-onnx. hats itself needs no Python; this script is kept so that
the model can be made again.

    ./train.py          reads data/german.data; writes model.onnx, schema.txt, calibration.csv, test.csv
"""
import csv
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

HERE = pathlib.Path(__file__).parent
NUMBERS = [1, 4, 7, 10, 12, 15, 17]  # numeric attributes, counted from 0
CLASSES = ["good", "bad"]


def read():
    """The first line is a header with commas; records are separated by blanks."""
    lines = (HERE / "data" / "german.data").read_text().splitlines()
    return lines[0].split(","), [line.split() for line in lines[1:] if line.strip()]


def quintiles(column):
    return np.unique(np.quantile(column, [0.2, 0.4, 0.6, 0.8], method="lower"))


def write_table(path, header, rows):
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(header[:20] + ["class"])
        for row in rows:
            out.writerow(row[:20] + [CLASSES[int(row[20]) - 1]])


def quote(text):
    return '"' + text + '"'


def write_schema(path, header, cuts, levels):
    lines = ["# The scorecard's 82 indicators, in the order of the model's inputs:",
             "# numbers at the training quintiles, then every category of every other attribute."]
    for a, c in cuts.items():
        lines.append("bins " + quote(header[a]) + "".join(f" {v:g}" for v in c))
    for a, l in levels.items():
        lines.append("onehot " + quote(header[a]) + "".join(" " + v for v in l))
    lines.append("labels " + " ".join(CLASSES))
    path.write_text("\n".join(lines) + "\n")


def write_onnx(path, w, b):
    nodes = [
        helper.make_node("Gemm", ["indicators", "points", "base"], ["score"], "scorecard", transB=1),
        helper.make_node("Sigmoid", ["score"], ["probability_bad"], "link"),
    ]
    graph = helper.make_graph(
        nodes, "german_credit",
        [helper.make_tensor_value_info("indicators", TensorProto.DOUBLE, [None, len(w)])],
        [helper.make_tensor_value_info("probability_bad", TensorProto.DOUBLE, [None, 1])],
        [numpy_helper.from_array(np.asarray(w, dtype=np.float64).reshape(1, -1), "points"),
         numpy_helper.from_array(np.asarray(b, dtype=np.float64), "base")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                              producer_name="examples/credit/train.py")
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def main():
    header, rows = read()
    test = np.array([i % 5 == 0 for i in range(len(rows))])
    y = np.array([int(r[20]) == 2 for r in rows]).astype(int)
    columns, cuts, levels = [], {}, {}
    for a in NUMBERS:
        v = np.array([float(r[a]) for r in rows])
        cuts[a] = quintiles(v[~test])
        bins = np.searchsorted(cuts[a], v, side="left")  # number of cuts below v
        columns += [(bins == k) for k in range(len(cuts[a]) + 1)]
    for a in range(20):
        if a not in NUMBERS:
            levels[a] = sorted({r[a] for r in rows})
            columns += [np.array([r[a] == level for r in rows]) for level in levels[a]]
    x = np.column_stack(columns).astype(np.float64)
    model = LogisticRegression(C=0.05, solver="lbfgs", max_iter=5000, tol=1e-8)
    model.fit(x[~test], y[~test])
    write_onnx(HERE / "model.onnx", model.coef_[0], model.intercept_)
    write_schema(HERE / "schema.txt", header, cuts, levels)
    write_table(HERE / "calibration.csv", header, [r for r, t in zip(rows, test) if not t])
    write_table(HERE / "test.csv", header, [r for r, t in zip(rows, test) if t])
    right = int((model.predict(x[test]) == y[test]).sum())
    print(f"test: {right} of {int(test.sum())} right, {x.shape[1]} indicators")


if __name__ == "__main__":
    main()
