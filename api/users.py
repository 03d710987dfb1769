"""People who log in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.dependencies import CookieDep, RatesDep, ServiceDep, needs, visiting
from api.schemas.common import Cursor, Limit, PageOut, UserId
from api.schemas.users import NewUser, OneTimePassword, OwnPassword, UserChange, UserOut
from qa_engine.domain.access import Permission, Role
from qa_engine.domain.refusal import Invalid
from qa_engine.service import Caller
from qa_engine.services.accounts import change_user, create_user, list_users, reset_password, user
from qa_engine.services.login import prove
from qa_engine.services.own_password import own_credential, settle_own_password
from qa_engine.services.passwords import hash_password, insist_on_strength, new_password

router = APIRouter(prefix="/v1/users", tags=["用户"])
Manager = Annotated[Caller, needs(Permission.MANAGE_USERS)]


@router.put("/me/password", status_code=204, summary="修改自己的密码")
def change_own_password(
    body: OwnPassword,
    service: ServiceDep,
    rates: RatesDep,
    caller: Annotated[Caller, Depends(visiting)],
    cookie: CookieDep,
) -> None:
    """修改自己的密码；其他地方的登录随之失效。"""
    rates.admit_login(caller.principal.actor)
    with service.look(caller) as work:
        login, credential = own_credential(work)
    insist_on_strength(body.new_password, login, "new_password")
    proof = prove(credential, body.current_password)
    password_hash = hash_password(body.new_password)
    with service.work(caller) as work:
        changed = settle_own_password(work, proof, password_hash, cookie)
    if not changed:
        raise Invalid("现在的密码不对。", "The current password is wrong.", "current_password")


@router.get("", response_model=PageOut[UserOut], summary="用户列表")
def users(
    service: ServiceDep,
    caller: Manager,
    role: Annotated[Role | None, Query(description="只要这个角色")] = None,
    active: Annotated[bool | None, Query(description="只要在用的（或停用的）")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[UserOut]:
    """按编号排列的用户。"""
    with service.look(caller) as work:
        page = list_users(work, role=role, active=active, cursor=cursor, limit=limit)
        return PageOut(items=[UserOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("", response_model=OneTimePassword, status_code=201, summary="新增用户")
def add_user(body: NewUser, service: ServiceDep, caller: Manager) -> OneTimePassword:
    """新增用户，返回只显示一次的一次性密码；首次登录须修改。"""
    password = new_password()
    password_hash = hash_password(password)
    with service.work(caller) as work:
        row = create_user(
            work, login=body.login, name=body.name, duties=body.duties(), password_hash=password_hash
        )
        return OneTimePassword(user=UserOut.of(row), one_time_password=password)


@router.get("/{user_id}", response_model=UserOut, summary="一个用户")
def one_user(user_id: UserId, service: ServiceDep, caller: Manager) -> UserOut:
    """一个用户的资料。"""
    with service.look(caller) as work:
        return UserOut.of(user(work, user_id))


@router.patch("/{user_id}", response_model=UserOut, summary="修改用户")
def edit_user(user_id: UserId, body: UserChange, service: ServiceDep, caller: Manager) -> UserOut:
    """修改姓名、角色、可见范围，或停用、恢复。至少要留一名在用的管理员。"""
    duties = None if body.duties is None else body.duties.duties()
    with service.work(caller) as work:
        return UserOut.of(change_user(work, user_id, name=body.name, duties=duties, active=body.active))


@router.post("/{user_id}/password-reset", response_model=OneTimePassword, summary="重置密码")
def new_one_time_password(user_id: UserId, service: ServiceDep, caller: Manager) -> OneTimePassword:
    """发新的一次性密码，解除锁定，并登出该用户的所有会话。"""
    password = new_password()
    password_hash = hash_password(password)
    with service.work(caller) as work:
        row = reset_password(work, user_id, password_hash)
        return OneTimePassword(user=UserOut.of(row), one_time_password=password)
