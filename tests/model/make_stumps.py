#!/usr/bin/python3
"""Write data/wdbc_stumps.onnx: 300 boosted stumps on the WDBC measurements.

Debian: apt install python3-sklearn python3-onnx. The trees are trained on the code #{cut < x} of 16 quantile
bins a column; the file compares the measurements themselves, in binary64, as an exporter would write it.
"""
import csv
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from sklearn.ensemble import GradientBoostingClassifier

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent.parent / "examples" / "clinical" / "data" / "breast_cancer.csv"
BINS = 16


def main():
    with open(DATA, newline="") as f:
        data = np.array(list(csv.reader(f))[1:], dtype=np.float64)
    x, y = data[:, :30], data[:, 30].astype(int)
    train = np.arange(len(x)) % 5 != 0
    cuts = []
    for j in range(30):
        c = np.unique(np.quantile(x[train, j], [k / BINS for k in range(1, BINS)], method="lower"))
        cuts.append(c[c < x[train, j].max()])
    code = np.column_stack([np.searchsorted(cuts[j], x[:, j], side="left") for j in range(30)])
    model = GradientBoostingClassifier(n_estimators=300, max_depth=1, learning_rate=0.1,
                                       subsample=0.7, min_samples_leaf=5, random_state=0)
    model.fit(code[train], y[train])

    tree_ids, node_ids, features, values, modes, yes, no = [], [], [], [], [], [], []
    leaf_trees, leaf_nodes, leaf_values = [], [], []
    for t, est in enumerate(model.estimators_[:, 0]):
        tree = est.tree_
        for n in range(tree.node_count):
            branch = tree.children_left[n] >= 0
            f = tree.feature[n] if branch else 0
            tree_ids.append(t)
            node_ids.append(n)
            features.append(int(f))
            values.append(cuts[f][int(np.floor(tree.threshold[n]))] if branch else 0.0)
            modes.append("BRANCH_LEQ" if branch else "LEAF")
            yes.append(int(tree.children_left[n]) if branch else 0)
            no.append(int(tree.children_right[n]) if branch else 0)
            if not branch:
                leaf_trees.append(t)
                leaf_nodes.append(n)
                leaf_values.append(0.1 * tree.value[n, 0, 0])
    base = np.log(y[train].mean() / (1 - y[train].mean()))

    def tensor(name, v):
        return numpy_helper.from_array(np.asarray(v, dtype=np.float64), name)

    node = helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["label", "scores"], "boosting", domain="ai.onnx.ml",
        nodes_treeids=tree_ids, nodes_nodeids=node_ids, nodes_featureids=features,
        nodes_values_as_tensor=tensor("nodes_values", values), nodes_modes=modes,
        nodes_truenodeids=yes, nodes_falsenodeids=no, class_treeids=leaf_trees,
        class_nodeids=leaf_nodes, class_ids=[0] * len(leaf_trees),
        class_weights_as_tensor=tensor("class_weights", leaf_values),
        base_values_as_tensor=tensor("base_values", [base]),
        classlabels_strings=["malignant", "benign"], post_transform="LOGISTIC")
    graph = helper.make_graph(
        [node], "wdbc_stumps", [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 30])],
        [helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
         helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])])
    onnx_model = helper.make_model(
        graph, ir_version=8, producer_name="tests/model/make_stumps.py",
        opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 3)])
    checker.check_model(onnx_model)
    (HERE / "data" / "wdbc_stumps.onnx").write_bytes(onnx_model.SerializeToString())


if __name__ == "__main__":
    main()
