"""The parts in which two builds differ: modules that are built in, or frozen, in one of them only, and some clauses.

Cases and clauses about them cannot be judged by the other build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from ..cases.model import Case
from ..clauses import Clause
from .recording import Build

_QUOTED_NAME = re.compile(r"""(?<=["'])[A-Za-z_]\w*(?=["'.])""")


def differing_modules(oracle: Build, target: Build) -> dict[str, str]:
    """The modules that are built in, or frozen, in only one of two builds; with words that say in which."""
    if oracle.implementation != target.implementation:
        return {}  # another implementation has other modules altogether, and is what is being judged
    found = {}
    for kind, ours, theirs in (
        ("a builtin module", oracle.builtin, target.builtin),
        ("frozen", oracle.frozen, target.frozen),
    ):
        found.update(dict.fromkeys(set(ours) - set(theirs), f"{kind} in the oracle's build, and not in the target's"))
        found.update(dict.fromkeys(set(theirs) - set(ours), f"{kind} in the target's build, and not in the oracle's"))
    return found


def changed_within(clauses: Iterable[Clause], oracle: Build, target: Build) -> dict[str, str]:
    """The clauses that a micro release has changed, if the target is another implementation; with the reason.

    The release that it names is that of its library, and says nothing of such a change.
    """
    if oracle.implementation == target.implementation:
        return {}
    reason = f"a micro release of CPython {oracle.language} has changed it, and {target.name} may have followed or not"
    return {clause.id: reason for clause in clauses if clause.changes_within(oracle.language)}


def about_a_differing_module(case: Case, differing: Mapping[str, str]) -> str:
    """The reason why a case cannot be compared between two builds; empty if it can."""
    if not differing:
        return ""
    names = set(_QUOTED_NAME.findall(text_of(case))) & differing.keys()
    return next((f"{name} is {differing[name]}" for name in sorted(names)), "")


def text_of(case: Case) -> str:
    """The text of a case, with plain quotes."""
    return json.dumps(case.plain()).replace('\\"', '"')
