"""From fitted layers to the compact weights that are shipped."""

from __future__ import annotations

import numpy as np

from models.base import FloatArray
from models.frame import ROLES
from models.layers import Layer, Weights, text_columns
from models.ngrams import Vocabulary
from training.dataset import Dataset, pooled_blocks
from training.settings import BaselineSettings
from training.stages import FirstLayer, SecondLayer


def assemble(data: Dataset, first: FirstLayer, second: SecondLayer, settings: BaselineSettings) -> Weights:
    """Put the wording weights of all heads side by side and drop n-grams that hardly matter."""
    sizes = {role: len(data.vocabulary[role].codes) for role in ROLES}
    wording: dict[str, FloatArray] = {}
    for role in ROLES:
        columns = text_columns(data.heads, role)
        width = max(piece.stop for piece in columns.values())
        wording[role] = np.zeros((sizes[role], width), dtype=np.float32)
    plain = {}
    for role, other in (ROLES, ROLES[::-1]):
        table, start = first.turns[role].weights, 0
        for owner, group, scale in (
            (role, "own", 1.0),
            (role, "previous", settings.context_scale),
            (other, "heard", settings.context_scale),
        ):
            piece = text_columns(data.heads, owner)[group]
            wording[owner][:, piece] = scale * table[start : start + sizes[owner]]
            start += sizes[owner]
        plain[role] = Layer(settings.feature_scale * table[start:], first.turns[role].bias)
    for target, layer in (("topics", first.topics), ("outcomes", first.outcomes)):
        start = 0
        for role, group, _ in pooled_blocks(target):
            wording[role][:, text_columns(data.heads, role)[group]] = layer.weights[
                start : start + sizes[role]
            ]
            start += sizes[role]
    vocabulary = {}
    for role in ROLES:
        weight = np.linalg.norm(wording[role], axis=1) * data.vocabulary[role].idf
        matters = np.sort(np.argsort(-weight, kind="stable")[: settings.kept[role]])
        vocabulary[role] = Vocabulary(
            data.vocabulary[role].codes[matters], data.vocabulary[role].idf[matters]
        )
        wording[role] = wording[role][matters].astype(np.float16).astype(np.float32)
    return Weights(
        vocabulary,
        wording,
        plain,
        second.turns,
        np.concatenate([first.topics.bias, first.outcomes.bias]),
        second.topic,
        second.outcome,
    )
