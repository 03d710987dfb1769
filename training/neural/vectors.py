"""Utterance vectors of an encoder: means of its hidden states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from models.base import FloatArray
from training.neural.base_encoder import BaseEncoder


def pooled(
    model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, pools: Sequence[int] = ()
) -> torch.Tensor:
    """(n, width) vectors of (n, length) token ids under a 0/1 mask; ``pools`` as in ``BaseEncoder``."""
    said = model(input_ids=ids, attention_mask=mask, output_hidden_states=bool(pools))
    states = [said.hidden_states[number] for number in pools] or [said.last_hidden_state]
    # A product of matrices sums each row of the batch alike, however many there are; a plain sum does not.
    weight = (mask / mask.sum(1, keepdim=True).clamp(min=1)).to(states[0].dtype).unsqueeze(1)
    means = [(weight @ hidden).squeeze(1) for hidden in states]
    return torch.cat(means, dim=-1)


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
            vectors = pooled(base.model, ids, mask, base.pools)
            result[rows] = torch.nn.functional.normalize(vectors, dim=-1).numpy()
    return result
