"""Whether digits are a Chinese identity number (GB 11643)."""

from __future__ import annotations

import datetime
import re

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

_ID15 = re.compile(r"[1-8][0-9]{5}([0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}")


def is_identity_number(number: str) -> bool:
    """Check digit and birth date. The district is not looked up: invented and abolished codes exist."""
    if number[0] == "0" or ric.calc_check_digit(number) != number[-1]:
        return False
    try:
        born = ric.get_birth_date(number)
    except ValidationError:
        return False
    return 1900 <= born.year <= 2099


def is_old_identity_number(number: str) -> bool:
    """Fifteen digits as issued until 1999: no check digit, but a birth date in the 1900s."""
    match = _ID15.fullmatch(number)
    if not match:
        return False
    try:
        datetime.date(1900 + int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True
