"""The dialogue model: reads a conversation as utterance vectors beside cheap, strong signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

ROLE_COUNT = 2
_LOOKS = 4  # attention pools over the turns
_OPENING = 5  # customer turns that state the matter
_FIRST_TRUST = 0.7  # share of the baseline's log-odds every head starts from
_NOWHERE = -1e4


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the dialogue model; ``customer`` .. ``outcomes`` are numbers of heads."""

    vector: int
    signals: int
    customer: int
    agent: int
    topics: int
    outcomes: int
    project: int
    hidden: int
    dropout: float
    vector_dropout: float


class DialogueModel(nn.Module):
    """One batch of conversations in, log-odds of every head out.

    Each head starts from the baseline's log-odds and learns what to add to it, so that where there is
    little to learn from it stays near the baseline rather than near noise.
    """

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        turn_heads = shape.customer + shape.agent
        self.register_buffer("centre", torch.zeros(shape.vector))
        self.register_buffer("spread", torch.ones(shape.vector))
        self.vectors = nn.Linear(shape.vector, shape.project)
        self.signals = nn.Linear(shape.signals + turn_heads, shape.project)
        self.roles = nn.Embedding(ROLE_COUNT, shape.project)
        self.norm = nn.LayerNorm(shape.project)
        self.drop, self.vector_drop = nn.Dropout(shape.dropout), nn.Dropout(shape.vector_dropout)
        self.read = nn.GRU(shape.project, shape.hidden, batch_first=True, bidirectional=True)
        seen = 2 * shape.hidden + shape.project
        self.turns = nn.Linear(seen, turn_heads)
        self.attention = nn.Linear(seen, _LOOKS)
        self.summary = nn.Linear((_LOOKS + 2) * seen, shape.project)
        self.matter = nn.Linear(shape.vector, shape.project)
        self.topics = nn.Linear(3 * shape.project, shape.topics)
        self.outcomes = nn.Linear(shape.project, shape.outcomes)
        self.trust_turns = nn.Parameter(torch.full((turn_heads,), _FIRST_TRUST))
        self.trust_topics = nn.Parameter(torch.full((shape.topics,), _FIRST_TRUST))
        self.trust_outcomes = nn.Parameter(torch.full((shape.outcomes,), _FIRST_TRUST))

    def standardise(self, vectors: torch.Tensor) -> None:
        """Learn centre and spread of utterance vectors (n, width); raw vectors all point one way."""
        self.centre.copy_(vectors.mean(0))
        self.spread.copy_(vectors.std(0).clamp(min=1e-4))

    def forward(
        self,
        vectors: torch.Tensor,
        signals: torch.Tensor,
        roles: torch.Tensor,
        wide_turns: torch.Tensor,
        wide_topics: torch.Tensor,
        wide_outcomes: torch.Tensor,
        lengths: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Log-odds of turns (n, length, heads), topics (n, topics) and outcomes (n, outcomes).

        Args:
            vectors: (n, length, vector) utterance vectors.
            signals: (n, length, signals) cues and place.
            roles: (n, length) 0 customer, 1 agent.
            wide_turns: (n, length, heads) baseline log-odds, zeros for heads of the other role.
            wide_topics: (n, topics).
            wide_outcomes: (n, outcomes).
            lengths: (n,) turns of each conversation, later positions are padding; None without padding.
        """
        even = self.vector_drop((vectors - self.centre) / self.spread)
        own = self.norm(
            self.vectors(even)
            + self.signals(torch.cat([signals, wide_turns / 4], dim=-1))
            + self.roles(roles)
        )
        own = self.drop(nn.functional.gelu(own))
        if lengths is None:
            heard = self.read(own)[0]
            mean_over = None
        else:
            packed = nn.utils.rnn.pack_padded_sequence(own, lengths, batch_first=True, enforce_sorted=False)
            heard, _ = nn.utils.rnn.pad_packed_sequence(self.read(packed)[0], batch_first=True)
            mean_over = (torch.arange(own.shape[1])[None, :] >= lengths[:, None]).to(own.device)
        seen = torch.cat([self.drop(heard), own], dim=-1)
        turns = self.turns(seen) + self.trust_turns * wide_turns
        summary = self.drop(nn.functional.gelu(self.summary(self.drop(self._pooled(seen, mean_over)))))
        matter = nn.functional.gelu(self.matter(even))
        topics = self.topics(self.drop(_gathered(matter, roles, mean_over)))
        topics = topics + self.trust_topics * wide_topics
        outcomes = self.outcomes(summary) + self.trust_outcomes * wide_outcomes
        return turns, topics, outcomes

    def _pooled(self, seen: torch.Tensor, outside: torch.Tensor | None) -> torch.Tensor:
        looks = self.attention(seen)
        if outside is None:
            mean, most = seen.mean(1), seen.amax(1)
        else:
            gone = outside.unsqueeze(-1)
            looks = looks.masked_fill(gone, _NOWHERE)
            mean = seen.masked_fill(gone, 0.0).sum(1) / (~gone).sum(1)
            most = seen.masked_fill(gone, _NOWHERE).amax(1)
        picked = torch.softmax(looks, dim=1).transpose(1, 2) @ seen
        return torch.cat([picked.flatten(1), mean, most], dim=-1)


def _gathered(matter: torch.Tensor, roles: torch.Tensor, outside: torch.Tensor | None) -> torch.Tensor:
    """What the conversation is about: mean of the customer's opening, mean and maximum of all turns.

    Types depend on what is said anywhere, hardly on the order; reading them off the GRU took far more data.
    """
    inside = torch.ones_like(roles) if outside is None else (~outside).long()
    spoken = (roles == 0).long() * inside
    opening = (spoken * (torch.cumsum(spoken, dim=1) <= _OPENING).long()).unsqueeze(-1).to(matter.dtype)
    whole = inside.unsqueeze(-1).to(matter.dtype)
    means = [(matter * chosen).sum(1) / chosen.sum(1).clamp(min=1.0) for chosen in (opening, whole)]
    most = (matter + (1.0 - whole) * _NOWHERE).amax(1)
    return torch.cat([*means, most], dim=-1)


class Panel(nn.Module):
    """Several dialogue models as one: log-odds averaged, then blended with the baseline's and calibrated."""

    def __init__(self, members: Sequence[DialogueModel], blends: Sequence[Sequence[torch.Tensor]]) -> None:
        """Args: ``blends`` for turns, topics and outcomes, each (slope, lean, shift), one value a head."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self._names = ("turns", "topics", "outcomes")
        for name, blend in zip(self._names, blends, strict=True):
            for part, values in zip(("slope", "lean", "shift"), blend, strict=True):
                self.register_buffer(f"{name}_{part}", values)

    def forward(
        self,
        vectors: torch.Tensor,
        signals: torch.Tensor,
        roles: torch.Tensor,
        wide_turns: torch.Tensor,
        wide_topics: torch.Tensor,
        wide_outcomes: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Inputs as ``DialogueModel``, without padding; calibrated log-odds of the same shapes."""
        wide = (wide_turns, wide_topics, wide_outcomes)
        said = [member(vectors, signals, roles, *wide) for member in self.members]
        means = [torch.stack(parts).mean(0) for parts in zip(*said, strict=True)]
        return tuple(
            mean * self.get_buffer(f"{name}_slope")
            + baseline * self.get_buffer(f"{name}_lean")
            + self.get_buffer(f"{name}_shift")
            for name, mean, baseline in zip(self._names, means, wide, strict=True)
        )
