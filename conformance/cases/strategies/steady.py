"""One seed, one draw: Hypothesis likes to draw constants that it reads in the modules that happen to be loaded.

Which these are depends on who imported what before, so that the same seed would give other cases under pytest than in
a script. Hypothesis has no setting for it.
"""

from __future__ import annotations

from hypothesis.internal.conjecture import providers


def draw_steadily() -> None:
    """Have Hypothesis take no module for a local one; does nothing with a Hypothesis that reads none."""
    if hasattr(providers, "is_local_module_file"):
        providers.is_local_module_file = lambda path: False
