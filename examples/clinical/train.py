#!/usr/bin/python3
"""Train the clinical model and write what the example needs.

Debian: apt install python3-sklearn python3-onnx. hats itself needs no Python; this script is kept so that
the model can be made again.

    ./train.py          reads data/breast_cancer.csv; writes model.onnx, calibration.csv, test.csv
"""
import csv
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

HERE = pathlib.Path(__file__).parent
CLIP = 4.0
CLASSES = ["malignant", "benign"]
MEASURES = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
            "concave_points", "symmetry", "fractal_dimension"]
COLUMNS = [f"{m}_{s}" for s in ("mean", "se", "worst") for m in MEASURES]


def read():
    """Rows as text, so that the tables keep the digits of the original."""
    with open(HERE / "data" / "breast_cancer.csv", newline="") as f:
        rows = list(csv.reader(f))[1:]
    return rows


def write_table(path, rows):
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(COLUMNS + ["diagnosis"])
        for row in rows:
            out.writerow(row[:30] + [CLASSES[int(row[30])]])


def write_onnx(path, mu, sd, w, b):
    """z = clip((x - mu) / sd, -4, 4); benign with probability sigmoid(w z + b)."""
    def constant(name, value):
        return numpy_helper.from_array(np.asarray(value, dtype=np.float64), name)

    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["centred"], "centre"),
        helper.make_node("Div", ["centred", "deviation"], ["standard"], "scale"),
        helper.make_node("Clip", ["standard", "lowest", "highest"], ["clipped"], "clip"),
        helper.make_node("Gemm", ["clipped", "weights", "bias"], ["score"], "linear", transB=1),
        helper.make_node("Sigmoid", ["score"], ["probability"], "link"),
    ]
    graph = helper.make_graph(
        nodes, "breast_cancer",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 30])],
        [helper.make_tensor_value_info("probability", TensorProto.DOUBLE, [None, 1])],
        [constant("mean", mu), constant("deviation", sd), constant("lowest", -CLIP),
         constant("highest", CLIP), constant("weights", w.reshape(1, -1)), constant("bias", b)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                              producer_name="examples/clinical/train.py")
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def main():
    rows = read()
    test = [i % 5 == 0 for i in range(len(rows))]
    data = np.array(rows, dtype=np.float64)
    x, y = data[:, :30], data[:, 30].astype(int)
    train = ~np.array(test)
    mu, sd = x[train].mean(axis=0), x[train].std(axis=0)
    z = np.clip((x - mu) / sd, -CLIP, CLIP)
    model = LogisticRegression(C=1, solver="lbfgs", max_iter=5000, tol=1e-8)
    model.fit(z[train], y[train])
    write_onnx(HERE / "model.onnx", mu, sd, model.coef_[0], model.intercept_)
    write_table(HERE / "calibration.csv", [r for r, t in zip(rows, test) if not t])
    write_table(HERE / "test.csv", [r for r, t in zip(rows, test) if t])
    right = int((model.predict(z[~train]) == y[~train]).sum())
    print(f"test: {right} of {int((~train).sum())} right")


if __name__ == "__main__":
    main()
