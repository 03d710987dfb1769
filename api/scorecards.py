"""评分表: upload, lint, test, compare and publish revisions."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.dependencies import ServiceDep, needs
from api.schemas.common import Cursor, KeyPath, Limit, PageOut, Revision
from api.schemas.scorecards import (
    ChangeOut,
    CheckOut,
    DiffOut,
    LintOut,
    RevisionDetail,
    RevisionOut,
    ScorecardOut,
    TestRunOut,
    UploadOut,
)
from qa_engine.domain.access import Permission
from qa_engine.scorecards import LoadedScorecard
from qa_engine.scorecards.changes import changes, text_diff
from qa_engine.scorecards.lint import lint
from qa_engine.service import Caller, Service
from qa_engine.services.scorecard_checks import read_stored, read_uploaded, test_scorecard
from qa_engine.services.scorecards import (
    add_draft,
    find_revision,
    list_revisions,
    list_scorecards,
    next_revision,
    publish_revision,
)

router = APIRouter(prefix="/v1/scorecards", tags=["评分表"])
Reader = Annotated[Caller, needs(Permission.READ_SCORECARDS)]
Editor = Annotated[Caller, needs(Permission.EDIT_SCORECARDS)]
Publisher = Annotated[Caller, needs(Permission.PUBLISH_SCORECARDS)]

EXAMPLE: Final = """\
schema: scorecard/1
key: short_service
name: 简短服务
revision: 1
business_line: 零售
pass_mark: 60
sections:
  - key: opening
    name: 开场
    criteria:
      - key: greeting
        name: 开头语
        points: 10
        pass_when: {role: agent, test: {keywords: {of: [您好, 你好]}}}
tests:
  - name: 有问候
    dialogue: |
      客服：您好，请问有什么可以帮您？
      客户：我想查一下订单。
    expect: {greeting: 合格}
  - name: 没有问候
    dialogue: |
      客服：说吧。
      客户：我想查一下订单。
    expect: {greeting: 不合格}
"""
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "评分表文件（YAML，UTF-8，不超过 1 MB），原样发来",
        "content": {"application/yaml": {"schema": {"type": "string"}, "example": EXAMPLE}},
    }
}


async def the_file(request: Request) -> bytes:
    """The file as it was sent."""
    return await request.body()


FileDep = Annotated[bytes, Depends(the_file)]


@router.get("", response_model=PageOut[ScorecardOut], summary="评分表列表")
def scorecards(
    service: ServiceDep, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[ScorecardOut]:
    """所有评分表，按 key 排列，各带最新的一版和在用的一版。"""
    with service.look(caller) as work:
        page = list_scorecards(work, cursor=cursor, limit=limit)
        return PageOut(items=[ScorecardOut.of(one) for one in page.items], next_cursor=page.next_cursor)


@router.post(
    "",
    response_model=UploadOut,
    status_code=201,
    summary="上传评分表",
    openapi_extra=_BODY,
)
def upload(
    response: Response,
    service: ServiceDep,
    caller: Editor,
    file: FileDep,
    note: Annotated[
        Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")],
        Query(description="这一版的说明", examples=["放宽开头语的说法"]),
    ] = "",
) -> UploadOut:
    """存成草稿。有错误时逐处列出行号，什么都不保存；这一版已有而内容不同时拒绝，并告知下一个版本号。"""
    loaded = read_uploaded(file)
    warnings = lint(loaded)
    with service.work(caller) as work:
        row = add_draft(work, loaded, note)
        response.headers["Location"] = f"/v1/scorecards/{row.key}/revisions/{row.revision}"
        return UploadOut(revision=RevisionOut.of(row), warnings=[LintOut.of(one) for one in warnings])


@router.post("/check", response_model=CheckOut, summary="检查评分表文件", openapi_extra=_BODY)
def check(service: ServiceDep, caller: Editor, file: FileDep) -> CheckOut:
    """查错、查可疑之处并运行自带用例，不保存。"""
    loaded = read_uploaded(file)
    run, warnings = test_scorecard(loaded), lint(loaded)
    card = loaded.scorecard
    with service.look(caller) as work:
        free = next_revision(work, card.key)
    return CheckOut(
        key=card.key,
        revision=card.revision,
        next_revision=free,
        digest=card.digest,
        warnings=[LintOut.of(one) for one in warnings],
        tests=TestRunOut.of(run),
    )


@router.get("/{key}/revisions", response_model=PageOut[RevisionOut], summary="一张评分表的各版")
def revisions(
    key: KeyPath, service: ServiceDep, caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> PageOut[RevisionOut]:
    """各版，新的在前。"""
    with service.look(caller) as work:
        page = list_revisions(work, key, cursor=cursor, limit=limit)
        return PageOut(items=[RevisionOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/{key}/revisions/{revision}", response_model=RevisionDetail, summary="一版评分表")
def one_revision(key: KeyPath, revision: Revision, service: ServiceDep, caller: Reader) -> RevisionDetail:
    """一版的大项、质检项和 YAML 原文。"""
    with service.look(caller) as work:
        row = find_revision(work, key, revision)
    return RevisionDetail.from_loaded(row, read_stored(row))


@router.get("/{key}/revisions/{revision}/lint", response_model=list[LintOut], summary="检查一版评分表")
def warnings(key: KeyPath, revision: Revision, service: ServiceDep, caller: Reader) -> list[LintOut]:
    """可疑之处：能用，但可能不是本意。"""
    return [LintOut.of(one) for one in lint(_loaded(service, caller, key, revision))]


@router.post("/{key}/revisions/{revision}/test", response_model=TestRunOut, summary="运行一版的用例")
def run_tests(key: KeyPath, revision: Revision, service: ServiceDep, caller: Reader) -> TestRunOut:
    """运行文件里自带的用例，不改变任何东西。"""
    return TestRunOut.of(test_scorecard(_loaded(service, caller, key, revision)))


@router.post("/{key}/revisions/{revision}/publish", response_model=RevisionOut, summary="发布一版")
def publish(key: KeyPath, revision: Revision, service: ServiceDep, caller: Publisher) -> RevisionOut:
    """用例全部通过才能发布；原来在用的一版停用。停用的一版也可以重新发布。"""
    tested = test_scorecard(_loaded(service, caller, key, revision))
    with service.work(caller) as work:
        return RevisionOut.of(publish_revision(work, key, revision, tested))


@router.get("/{key}/diff", response_model=DiffOut, summary="比较两版")
def diff(
    key: KeyPath,
    service: ServiceDep,
    caller: Reader,
    before: Annotated[int, Query(ge=1, le=2**31 - 1, description="前一版", examples=[1])],
    after: Annotated[int, Query(ge=1, le=2**31 - 1, description="后一版", examples=[2])],
) -> DiffOut:
    """哪些质检项、词表、条件有增删改，以及文件逐行的不同。"""
    old, new = _loaded(service, caller, key, before), _loaded(service, caller, key, after)
    return DiffOut(
        same_judgement=not changes(old, new),
        changes=[ChangeOut.of(one) for one in changes(old, new)],
        text=list(text_diff(old, new)),
    )


def _loaded(service: Service, caller: Caller, key: str, revision: int) -> LoadedScorecard:
    """Read one revision; nothing is held open while it is compiled."""
    with service.look(caller) as work:
        row = find_revision(work, key, revision)
    return read_stored(row)
