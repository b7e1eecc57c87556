"""Switches CinderX and its compiler on whenever the environment's Python starts."""

import sysconfig
from pathlib import Path

Path(sysconfig.get_path("purelib"), "cinderx_on.pth").write_text("import cinderx.jit; cinderx.jit.auto()\n")
