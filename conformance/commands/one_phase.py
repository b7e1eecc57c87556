"""A pytest plugin that saves time in our own process: a case has one phase, and garbage is collected less often.

Only our own command registers this plugin, since other plugins rely on all three phases of pytest: a case of ours has
nothing to set up or to tear down.
"""

from __future__ import annotations

import gc

import pytest

from .items import CaseItem
from .junit import writes_junit

# Observations are many small objects, and no cycles: by its own thresholds the collector takes a fifth of the driver's
# time, and finds nothing.
_THRESHOLDS = (50_000, 20, 50)


def pytest_configure() -> None:
    """Let the garbage collector wait longer."""
    gc.set_threshold(*_THRESHOLDS)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Run a case, and report it once; with a JUnit file, which waits for the last phase, leave it to pytest."""
    if not isinstance(item, CaseItem) or writes_junit(item.config):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    call = pytest.CallInfo.from_call(
        lambda: hook.pytest_runtest_call(item=item), when="call", reraise=(pytest.exit.Exception, KeyboardInterrupt)
    )
    report = hook.pytest_runtest_makereport(item=item, call=call)
    hook.pytest_runtest_logreport(report=report)
    if call.excinfo is not None and not report.skipped:
        hook.pytest_exception_interact(node=item, call=call, report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
