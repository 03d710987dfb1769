"""The first page: is the service well, and what has been scored. Read-only; the console stands elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.reference import pages
from qa_engine import __version__

STATIC = Path(__file__).parent / "pages" / "static"
router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse, summary="首页")
def landing() -> HTMLResponse:
    """The page itself tells nothing about customers: its script asks the API as whoever logs in."""
    return HTMLResponse(pages.get_template("landing.html.j2").render(version=__version__))
