"""The first place in which two observations differ, for a reader."""

from __future__ import annotations

import json
from typing import Any


def first_difference(before: Any, now: Any, place: str = "") -> str:
    """The place of the first difference between two observations, with both sides; "" if there is none."""
    if type(before) is not type(now) or not isinstance(before, (dict, list)):
        return "" if before == now else f"{place or 'all of it'}: {_brief(before)} and {_brief(now)}"
    if isinstance(before, dict):
        if list(before) != list(now):
            return f"{place or 'all of it'}: {_brief(list(before))} and {_brief(list(now))}"
        parts = [(f"{place}.{key}".lstrip("."), before[key], now[key]) for key in before]
    else:
        if len(before) != len(now):
            return f"{place}: {_brief(before)} and {_brief(now)}"
        parts = [(f"{place}[{number}]", *pair) for number, pair in enumerate(zip(before, now, strict=True))]
    return next((found for part in parts if (found := first_difference(part[1], part[2], part[0]))), "")


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:200] + "..."
