"""What the service refuses, as named errors with a code, a sentence in Chinese and one in English.

HTTP statuses belong to ``api/errors.py``. No message may quote a transcript, a password or a key.
"""

from __future__ import annotations

from qa_engine.domain.errors import QAEngineError


class Refusal(QAEngineError):
    """Base of everything the service refuses.

    Attributes:
        code: stable and machine-readable, e.g. ``not_found``.
        zh, en: one full sentence each.
        field: dotted path of the offending field or parameter, None when there is none.
    """

    code = "refused"

    def __init__(self, zh: str, en: str, field: str | None = None) -> None:
        super().__init__(zh)
        self.zh = zh
        self.en = en
        self.field = field


class Unauthenticated(Refusal):
    """Nobody knows who asks."""

    code = "unauthenticated"

    def __init__(
        self, zh: str = "请先登录，或带上有效的 API 密钥。", en: str = "Log in or send a valid API key."
    ) -> None:
        super().__init__(zh, en)


class Forbidden(Refusal):
    """Known, but not allowed."""

    code = "forbidden"

    def __init__(self, permission: str) -> None:
        super().__init__(
            f"没有权限：此操作需要 {permission}。", f"Not allowed: this needs the permission {permission}."
        )


class PasswordChangeDue(Forbidden):
    """Logged in with a password that must be changed before anything else."""

    code = "password_change_required"

    def __init__(self) -> None:
        Refusal.__init__(
            self,
            "请先修改初始密码（PUT /v1/users/me/password），再进行其他操作。",
            "Change the initial password first (PUT /v1/users/me/password).",
        )


class ForgedRequest(Forbidden):
    """A change by cookie alone: it may come from a foreign page."""

    code = "csrf"

    def __init__(self) -> None:
        Refusal.__init__(
            self,
            "修改类请求须带请求头 X-CSRF-Token，其值由登录返回。",
            "Changes need the header X-CSRF-Token with the value told at log-in.",
        )


class NoRole(Forbidden):
    """Known to the identity provider, but with no role here."""

    code = "no_role"

    def __init__(self) -> None:
        Refusal.__init__(
            self,
            "统一身份没有给出唯一可用的角色，请联系管理员。",
            "The identity provider names no single role that a person can have here.",
        )


class NotFound(Refusal):
    """There is no such thing, or it is not for these eyes (the two look the same on purpose)."""

    code = "not_found"

    def __init__(self, what_zh: str, what_en: str, field: str | None = None) -> None:
        super().__init__(
            f"{what_zh}不存在，或不在可见范围内。", f"No such {what_en}, or not within your scope.", field
        )


class Invalid(Refusal):
    """A value that cannot be used."""

    code = "invalid"


class IllegalStep(Refusal):
    """The step is not possible in this state (somebody else was faster, the window has closed, …)."""

    code = "illegal_step"


class Conflict(Refusal):
    """It clashes with what is stored already."""

    code = "conflict"


class Overloaded(Refusal):
    """Too much at once; try again after ``retry_after_s`` seconds."""

    code = "overloaded"

    def __init__(self, zh: str, en: str, retry_after_s: int) -> None:
        super().__init__(zh, en)
        self.retry_after_s = retry_after_s


class TooManyRequests(Overloaded):
    """One caller asks too often."""

    code = "too_many_requests"


class TooLarge(Refusal):
    """The request is bigger than allowed."""

    code = "too_large"


class Unavailable(Overloaded):
    """A part of the service (database, worker) is not there at the moment."""

    code = "unavailable"


class Broken(Refusal):
    """A fault of ours: the request was right, and a part of the service broke on it."""

    code = "broken"
