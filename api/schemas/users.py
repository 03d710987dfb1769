"""People and sessions over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.common import KeyText, NameText, RequestModel, ResponseModel
from qa_engine.domain.access import Permission, Principal, Role
from qa_engine.services.accounts import Duties
from qa_engine.store.tables import UserRow

Login = Annotated[str, StringConstraints(min_length=2, max_length=120, pattern=r"^[A-Za-z0-9._@-]+$")]
# The service judges strength; this only bounds what is hashed.
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Names = Annotated[list[KeyText], Field(max_length=200)]


class SignIn(RequestModel):
    """登录。"""

    login: Login = Field(description="登录名，不分大小写", examples=["admin"])
    password: Password = Field(repr=False, description="密码", examples=["correct-horse-battery"])


class DutiesIn(RequestModel):
    """角色和可见范围，四项一起给出。"""

    role: Role = Field(description="角色", examples=["reviewer"])
    teams: Names | None = Field(
        default=None, description="可见的班组；null 表示不限", examples=[["售后一组"]]
    )
    business_lines: Names | None = Field(
        default=None, description="可见的业务线；null 表示不限", examples=[["ecommerce"]]
    )
    agent_id: KeyText | None = Field(
        default=None, description="坐席工号：角色 agent 必填，其他角色不填", examples=[None]
    )

    def duties(self) -> Duties:
        """The same as the services name it."""
        return Duties(self.role, self.teams, self.business_lines, self.agent_id)


class NewUser(DutiesIn):
    """新用户。"""

    login: Login = Field(description="登录名，不分大小写", examples=["li.reviewer"])
    name: NameText = Field(description="姓名", examples=["李复核"])


class UserChange(RequestModel):
    """要修改的内容；不写的不变。"""

    name: NameText | None = Field(default=None, description="姓名", examples=["李复核"])
    duties: DutiesIn | None = Field(
        default=None,
        description="角色和可见范围（整体替换）",
        examples=[{"role": "reviewer", "teams": ["售后一组"], "business_lines": None, "agent_id": None}],
    )
    active: bool | None = Field(default=None, description="false 停用并立即登出", examples=[True])


class OwnPassword(RequestModel):
    """修改自己的密码。"""

    current_password: Password = Field(repr=False, description="现在的密码", examples=["one-time-Password"])
    new_password: Password = Field(
        repr=False, description="新密码：10 到 128 个字符，不含登录名", examples=["correct-horse-battery"]
    )


class UserOut(ResponseModel):
    """一个用户。"""

    id: int = Field(description="编号", examples=[7])
    login: str = Field(description="登录名", examples=["li.reviewer"])
    name: str = Field(description="姓名", examples=["李复核"])
    role: Role = Field(description="角色", examples=["reviewer"])
    teams: list[str] | None = Field(description="可见的班组；null 表示不限", examples=[["售后一组"]])
    business_lines: list[str] | None = Field(
        description="可见的业务线；null 表示不限", examples=[["ecommerce"]]
    )
    agent_id: str | None = Field(description="坐席工号", examples=[None])
    active: bool = Field(description="是否在用", examples=[True])
    by_oidc: bool = Field(description="是否由统一身份（OIDC）登录", examples=[False])
    must_change_password: bool = Field(description="下次登录须先改密码", examples=[True])
    locked_until: datetime | None = Field(description="因多次失败锁定到何时", examples=[None])
    created_at: datetime = Field(description="创建时间", examples=["2026-03-01T02:00:00Z"])
    last_login_at: datetime | None = Field(description="最近登录时间", examples=["2026-03-02T01:30:00Z"])

    @classmethod
    def of(cls, row: UserRow) -> Self:
        """From the stored row; hashes stay behind."""
        return cls(
            id=row.id,
            login=row.login,
            name=row.name,
            role=Role(row.role),
            teams=row.teams,
            business_lines=row.business_lines,
            agent_id=row.agent_id,
            active=row.active,
            by_oidc=row.oidc_subject is not None,
            must_change_password=row.must_change_password,
            locked_until=row.locked_until,
            created_at=row.created_at,
            last_login_at=row.last_login_at,
        )


class OneTimePassword(ResponseModel):
    """用户和一次性密码。密码只在这里显示一次，首次登录须修改。"""

    user: UserOut = Field(description="用户")
    one_time_password: str = Field(description="一次性密码", examples=["hT7kPw2mQx9RbC4d"])


class SessionOut(ResponseModel):
    """谁在访问，可以做什么。"""

    kind: str = Field(description="user 或 api_key", examples=["user"])
    id: str = Field(description="用户或密钥的编号", examples=["7"])
    name: str = Field(description="姓名或密钥名称", examples=["李复核"])
    role: Role = Field(description="角色", examples=["reviewer"])
    permissions: list[Permission] = Field(
        description="全部权限", examples=[["calls:read", "reviews:read", "reviews:work"]]
    )
    must_change_password: bool = Field(description="须先修改密码，其余接口才可用", examples=[False])
    csrf_token: str | None = Field(
        description="修改类请求的 X-CSRF-Token；API 密钥不需要", examples=["5f0c6b7d8e9f5f0c6b7d8e9f"]
    )
    expires_at: datetime | None = Field(
        description="会话到期时间；API 密钥为 null", examples=["2026-03-01T14:00:00Z"]
    )

    @classmethod
    def of(cls, who: Principal, *, must_change: bool, csrf: str | None, expires_at: datetime | None) -> Self:
        """From the principal that acts."""
        return cls(
            kind=who.kind,
            id=who.id,
            name=who.name,
            role=who.role,
            permissions=sorted(who.permissions),
            must_change_password=must_change,
            csrf_token=csrf,
            expires_at=expires_at,
        )
