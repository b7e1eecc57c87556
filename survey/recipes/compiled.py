"""Compiles a copy of the interpreter's own runpy into the environment: `python compiled.py cython|mypyc`."""

import runpy
import subprocess
import sys
import sysconfig
from pathlib import Path


def compile_runpy(compiler):
    """Put an extension module, such as `runpy_by_cython`, into site-packages, made from the interpreter's own file."""
    name = f"runpy_by_{compiler}"
    source = Path(sys.prefix, "build", f"{name}.py")
    source.parent.mkdir(exist_ok=True)
    source.write_text(Path(runpy.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    modules = {"cython": "from Cython.Build import cythonize as c", "mypyc": "from mypyc.build import mypycify as c"}
    arguments = {"cython": f"{[source.name]!r}, language_level=3", "mypyc": f"{[source.name]!r}"}
    setup = (
        f"from setuptools import setup\n{modules[compiler]}\nsetup(name={name!r}, ext_modules=c({arguments[compiler]}))"
    )
    Path(source.parent, "setup.py").write_text(setup, encoding="utf-8")
    command = [sys.executable, "setup.py", "-q", "build_ext", "--build-lib", sysconfig.get_path("platlib")]
    subprocess.run(command, cwd=source.parent, check=True)
