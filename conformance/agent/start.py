"""Started by the driver as a script, in the target interpreter: makes this folder importable, and hands over.

usage: start.py READ-FD WRITE-FD once|serve SIDE IMPORT-FROM
"""

import importlib.util
import os
import sys


def main():  # type: () -> None
    if sys.version_info < (3, 8):
        sys.exit("Python 3.8 or later is needed")
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        "_conformance_agent", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = package
    spec.loader.exec_module(package)
    server = importlib.import_module("_conformance_agent.server")
    server.main(sys.argv[1:])


if __name__ == "__main__":
    main()
