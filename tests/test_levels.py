"""Levels are kept apart: who does right at one level is not blamed for the details of the next."""

from __future__ import annotations

import sys
from collections.abc import Callable

from conformance import REFERENCE
from conformance.clauses import Level
from conformance.judge.compare import judge
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import Oracle, all_cases, replies

# The reference, written by somebody who read the documentation, and did as every CPython does, in words and ways of
# their own: other messages and subclasses of ImportError, nothing chained, keys in another order, a search more than is
# needed, the truth of alter_sys asked at once, parents imported by importlib. Of `run_path`: words of its own, and a
# path that is not made absolute.
OWN_WAYS = [
    ("    return ImportError(text)\n", '    return ModuleNotFoundError("cannot run " + repr(name))\n'),
    (
        "        return ImportError(text, name=name)\n",
        '        return ModuleNotFoundError("cannot run " + repr(name), name="?")\n',
    ),
    (
        "        raise _error(text.format(name, type(error).__name__, error), name) from error\n",
        "        raise _error(text, name) from None\n",
    ),
    ("        raise _error(format(error), name) from error\n", "        raise _error('', name) from None\n"),
    ("        raise _error(text % (error, package), package)\n", "        raise _error('', package) from None\n"),
    ("        __import__(parent)\n", "        importlib.import_module(parent)\n"),
    (
        "        spec = importlib.util.find_spec(name)\n",
        "        importlib.util.find_spec(name); spec = importlib.util.find_spec(name)\n",
    ),
    (
        "    target, spec, code = _locate(mod_name)\n",
        "    if not isinstance(mod_name, str): raise TypeError('a name is text')\n"
        "    alter_sys = bool(alter_sys)\n    target, spec, code = _locate(mod_name)\n",
    ),
    ('    namespace["__name__"] = name\n', ""),
    ('    namespace["__spec__"] = spec\n', '    namespace["__spec__"] = spec\n    namespace["__name__"] = name\n'),
    (
        "        warn(RuntimeWarning(text.format(name, parent)))\n",
        "        warn(name + ' is imported already', RuntimeWarning, 2)\n",
    ),
    ("    full = abspath(fsdecode(path))\n", "    full = fsdecode(path)\n"),
    (
        '            raise _error("can\'t find %r module in %r" % (_MAIN, entry), _MAIN) from error\n',
        '            raise _error("", _MAIN) from None\n',
    ),
    ("            if loaded is not None:\n", "            if True:\n"),
]


def own_ways() -> str:
    """The source text."""
    text = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    for old, new in OWN_WAYS:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_own_ways_in_every_detail_conform_at_compat(
    oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """No cause at compat or documented in any fixture, and many at exact."""
    target = find(sys.executable)
    oracle, candidate = oracle_of(target), candidate_of(target, own_ways())
    blamed, exact = [], set()
    version, capabilities = oracle.side.greeting.version, oracle.side.greeting.capabilities
    cases = [case for case in all_cases().values() if not case.unmet(version, capabilities)]
    for case, reply in replies(candidate, cases):
        assert reply.observation is not None, case.id
        for level in (Level.COMPAT, Level.EXACT):
            for divergence in judge(case, oracle.observe(case), reply.observation, version=version, level=level):
                if divergence.cause and level is Level.COMPAT and divergence.level <= level:
                    blamed.append(f"{case.id}: {divergence.signature}: {divergence.where}")
                elif divergence.cause:
                    exact.add(divergence.signature.clause)
    assert blamed == []
    assert len(exact) >= 25
