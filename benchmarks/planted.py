"""Corpus conversations with invented personal data planted in them, in the forms people say and type it.

Every number is made up and satisfies the check digits real ones have; nobody's data is in it.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from corpus_calls import CORPUS
from stdnum import luhn
from stdnum.cn import ric

from training.corpus import LabelledDialogue, read_corpus

SEED = 20261122
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
_HEARD = str.maketrans("零〇洞幺一二两三四五六七八九拐勾", "00011223456789" + "79")
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")
_BETWEEN = str.maketrans("", "", " \u3000-‐–—，,。.、\n\r\t")


@dataclass(frozen=True, slots=True)
class Secret:
    """One planted datum: its kind, and its digits or text in the plainest form."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Planted:
    """A conversation as the service is sent it, and everything in it that must not come out."""

    record: dict[str, Any]
    secrets: tuple[Secret, ...]


def planted_calls(count: int | None = None) -> Iterator[Planted]:
    """Yield the corpus (or its first ``count`` conversations, evenly taken) with data planted."""
    dialogues = read_corpus([CORPUS])
    step = max(1, len(dialogues) // count) if count else 1
    rng = random.Random(SEED)
    for number, dialogue in enumerate(dialogues[::step][:count]):
        yield _Planting(rng, number).into(dialogue)


def plainest(text: str) -> str:
    """A text as the search reads it: half width, spoken digits as digits, nothing in between."""
    return unicodedata.normalize("NFKC", text).translate(_HEARD).translate(_BETWEEN).lower()


class _Planting:
    """Makes and remembers the data of one conversation."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self._rng = rng
        self._number = number
        self._secrets: list[Secret] = []

    def into(self, dialogue: LabelledDialogue) -> Planted:
        turns = [{"speaker": turn.speaker, "text": self._filled(turn.text)} for turn in dialogue.turns]
        middle = len(turns) // 2
        turns[middle:middle] = self._exchange()
        called = self._mobile()
        record = {
            # Some systems name a call after the number that called.
            "id": f"{called}-{self._number}" if self._number % 4 == 0 else f"call-{self._number}",
            "channel": dialogue.channel,
            "started_at": "2026-03-01T09:30:00+08:00",
            "agent": {"id": f"A{self._number % 40:02}", "name": "坐席", "team": "一组"},
            "customer": {"id": self._mobile(), "region": "华东"},
            "attributes": {
                "手机号": self._mobile(),
                "来电号码": self._spaced(self._mobile()),
                "备注": f"客户要求回拨{self._mobile()}，证件{self._identity()}",
                "联系人": {"邮箱": self._email(), "电话": self._mobile()},
            },
            "turns": turns,
        }
        return Planted(record, tuple(self._secrets))

    def _filled(self, text: str) -> str:
        """The corpus has masks where real chat has data: put data back."""
        for mask, make in (
            ("[手机号]", self._mobile), ("[电话]", self._mobile), ("[邮箱]", self._email),
            ("[身份证号]", self._identity), ("[银行卡号]", self._card), ("[地址]", self._address),
        ):  # fmt: skip
            while mask in text:
                text = text.replace(mask, make(), 1)
        return text

    def _exchange(self) -> list[dict[str, str]]:
        mobile, split = self._mobile(), self._mobile()
        said = self._rng.choice(
            (mobile, self._spaced(mobile), mobile.translate(_SPOKEN), mobile.translate(_FULL))
        )
        identity = self._identity()
        card = self._card()
        grouped = " ".join(card[i : i + 4] for i in range(0, len(card), 4))
        lines = [
            ("agent", "请报一下您的手机号"),
            ("customer", f"我的手机号是{said}"),
            ("agent", "还有别的联系电话吗"),
            ("customer", split[:7].translate(_SPOKEN)),
            ("agent", "嗯"),
            ("customer", split[7:].translate(_SPOKEN)),
            ("agent", "麻烦提供一下身份证号核实身份"),
            ("customer", self._rng.choice((identity, identity.translate(_SPOKEN), f"身份证{identity}"))),
            ("agent", "银行卡号是多少"),
            ("customer", self._rng.choice((card, grouped, f"卡号{card}"))),
            ("agent", "收货地址和邮箱麻烦发一下"),
            ("customer", f"{self._address()}，邮箱{self._email()}"),
            ("agent", f"好的，跟您核对一下，手机号{mobile}，对吗"),
        ]
        return [{"speaker": speaker, "text": text} for speaker, text in lines]

    def _mobile(self) -> str:
        head = self._rng.choice(("138", "139", "150", "177", "186", "199"))
        return self._plant("手机号", f"{head}{self._rng.randrange(10**8):08}")

    def _spaced(self, mobile: str) -> str:
        return self._rng.choice((" ", "-")).join((mobile[:3], mobile[3:7], mobile[7:]))

    def _identity(self) -> str:
        born = (
            f"{self._rng.randrange(1950, 2005)}{self._rng.randrange(1, 13):02}{self._rng.randrange(1, 29):02}"
        )
        head = f"110101{born}{self._rng.randrange(1000):03}"
        return self._plant("身份证号", head + ric.calc_check_digit(head + "0"))

    def _card(self) -> str:
        head = f"622848{self._rng.randrange(10**12):012}"
        return self._plant("银行卡号", head + luhn.calc_check_digit(head))

    def _email(self) -> str:
        return self._plant("邮箱", f"kehu{self._rng.randrange(10**6)}@example.com")

    def _address(self) -> str:
        road = self._rng.choice(("文三路", "人民南路", "建设大道", "中山北路"))
        number, house, room = (self._rng.randrange(10, 900) for _ in range(3))
        self._plant("地址", f"{road}{number}号{house}幢{room}室")
        return f"浙江省杭州市西湖区{road}{number}号{house}幢{room}室"

    def _plant(self, kind: str, text: str) -> str:
        self._secrets.append(Secret(kind, text))
        return text
