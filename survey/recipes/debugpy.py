"""debugpy's copy of runpy, which runs a module under the debugger; taken from where it lies, without starting that."""

import importlib.util
import os

_debugpy = importlib.util.find_spec("debugpy")
_place = os.path.join(_debugpy.submodule_search_locations[0], "_vendored/pydevd/_pydevd_bundle/pydevd_runpy.py")
_spec = importlib.util.spec_from_file_location("pydevd_runpy", _place)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

run_module = _module.run_module
run_path = _module.run_path
