"""A steady draw: the same seed gives the same cases in every process.

Hypothesis draws, among others, constants that it reads in local modules which happen to be loaded. Under pytest these
are other modules than in a script, and so the same seed would give other cases. Hypothesis has no setting for it.
"""

from __future__ import annotations

from hypothesis.internal.conjecture import providers


def draw_steadily() -> None:
    """Have Hypothesis take no module for a local one; do nothing with a Hypothesis that reads no modules."""
    if hasattr(providers, "is_local_module_file"):
        providers.is_local_module_file = lambda path: False
