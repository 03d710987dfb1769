"""Encoder graphs in 8-bit integer arithmetic whose result for a token depends on that token alone.

Every row of activations (one token) gets a scale of its own, every column of weights another; products are
summed in 32-bit integers, which no order of summing can change. One scale for a whole batch, as dynamic
quantisation has it, would make a text's vector depend on the texts beside it.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_DOMAIN = "com.microsoft"
_ACTIVATION = 127.0
# Seven bits: on processors without dot-product instructions pairs of products are summed in 16 bits, and
# 2 × 255 × 63 still fits, so every processor computes the same.
_WEIGHT = 63.0
_LEAST = 1e-9  # scale of a row of zeros
_ZERO, _ONE, _SHARE, _FLOOR = "tokenwise.zero", "tokenwise.one", "tokenwise.share", "tokenwise.floor"


def integer_products(model: onnx.ModelProto) -> int:
    """Replace, in place, every product with a constant float32 matrix; returns how many there were.

    Other products (those of attention) stay in float32. The model must be of opset 17 or before.
    """
    graph = model.graph
    matrices = {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2
    }
    users: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            users[name] = users.get(name, 0) + 1
    nodes: list[onnx.NodeProto] = []
    scaled: set[str] = set()
    replaced: dict[str, list[onnx.TensorProto]] = {}
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in matrices or users[node.input[1]] > 1:
            nodes.append(node)
            continue
        rows, matrix = node.input
        if rows not in scaled:  # query, key and value read the same rows
            scaled.add(rows)
            nodes.extend(_scale_rows(rows))
        replaced[matrix] = _columns(matrices[matrix])
        nodes.extend(_product(rows, matrix, node.output[0]))
    if replaced:
        kept = [tensor for tensor in graph.initializer if tensor.name not in replaced]
        del graph.initializer[:], graph.node[:]
        graph.initializer.extend([*kept, *(one for pair in replaced.values() for one in pair), *_constants()])
        graph.node.extend(nodes)
        model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))
    return len(replaced)


def _columns(tensor: onnx.TensorProto) -> list[onnx.TensorProto]:
    values = numpy_helper.to_array(tensor)
    scale = np.maximum(np.abs(values).max(axis=0) / _WEIGHT, 1e-12).astype(np.float32)
    narrow = np.rint(values / scale).astype(np.int8)
    return [
        numpy_helper.from_array(narrow, f"{tensor.name}.int8"),
        numpy_helper.from_array(scale, f"{tensor.name}.scale"),
    ]


def _scale_rows(rows: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Abs", [rows], [f"{rows}.size"]),
        helper.make_node("ReduceMax", [f"{rows}.size"], [f"{rows}.most"], axes=[-1], keepdims=1),
        helper.make_node("Mul", [f"{rows}.most", _SHARE], [f"{rows}.share"]),
        helper.make_node("Max", [f"{rows}.share", _FLOOR], [f"{rows}.scale"]),
        helper.make_node("Div", [rows, f"{rows}.scale"], [f"{rows}.even"]),
        helper.make_node("QuantizeLinear", [f"{rows}.even", _ONE, _ZERO], [f"{rows}.uint8"]),
    ]


def _product(rows: str, matrix: str, output: str) -> list[onnx.NodeProto]:
    inputs = [f"{rows}.uint8", f"{matrix}.int8", _ONE, f"{matrix}.scale", _ZERO]
    return [
        helper.make_node("MatMulIntegerToFloat", inputs, [f"{output}.even"], domain=_DOMAIN),
        helper.make_node("Mul", [f"{output}.even", f"{rows}.scale"], [output]),
    ]


def _constants() -> list[onnx.TensorProto]:
    values: dict[str, np.ndarray] = {
        _ZERO: np.array(128, dtype=np.uint8),
        _ONE: np.array(1, dtype=np.float32),
        _SHARE: np.array(1 / _ACTIVATION, dtype=np.float32),
        _FLOOR: np.array(_LEAST, dtype=np.float32),
    }
    return [numpy_helper.from_array(value, name) for name, value in values.items()]
