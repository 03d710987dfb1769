"""The settings of the service, for commands: what cannot be used is named in Chinese."""

from __future__ import annotations

import re

from pydantic import ValidationError
from pydantic_settings import SettingsError

from qa_engine.domain.errors import QAEngineError
from qa_engine.settings import Settings


class BadSettings(QAEngineError):
    """An environment variable ``QA_ENGINE_*`` holds what cannot be used."""


def read_settings(workers: int | None = None) -> Settings:
    """Read the settings from the environment.

    Raises:
        BadSettings: one of them cannot be used; all are named.
    """
    try:
        return Settings() if workers is None else Settings(workers=workers)
    except ValidationError as error:
        names = "、".join(sorted({f"QA_ENGINE_{str(one['loc'][0]).upper()}" for one in error.errors()}))
        raise _bad(names) from error
    except SettingsError as error:
        # A list that is no JSON: the library names the field in its sentence only.
        named = re.search(r'field "(\w+)"', str(error))
        raise _bad(f"QA_ENGINE_{named[1].upper()}" if named else "QA_ENGINE_*") from error


def _bad(names: str) -> BadSettings:
    return BadSettings(f"设置有误：{names}。处理办法：对照 docs/api.zh-CN.md 改正这些环境变量。")
