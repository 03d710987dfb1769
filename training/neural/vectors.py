"""Utterance vectors of an encoder: the mean of its last hidden states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from models.base import FloatArray
from training.neural.base_encoder import BaseEncoder


def pooled(model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(n, width) vectors of (n, length) token ids under a 0/1 mask."""
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    mean: torch.Tensor = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
    return mean


def tokens(base: BaseEncoder, texts: Sequence[str], limit: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of a batch, cut to ``limit`` tokens."""
    encoded = base.tokenizer.encode_batch([base.prefix + text for text in texts])
    ids = torch.tensor([one.ids for one in encoded])[:, :limit]
    mask = torch.tensor([one.attention_mask for one in encoded])[:, :limit]
    return ids, mask


def encode(base: BaseEncoder, texts: Sequence[str], batch: int = 64, limit: int = 128) -> FloatArray:
    """(n, width) vectors of ``texts`` brought to length one, batched by length."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    result = np.zeros((len(texts), base.width), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            ids, mask = tokens(base, [texts[i] for i in rows], limit)
            vectors = pooled(base.model, ids, mask)
            result[rows] = torch.nn.functional.normalize(vectors, dim=-1).numpy()
    return result
