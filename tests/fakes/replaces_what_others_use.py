"""Replaces, when it is imported and again when it is called, functions that everybody uses.

diverges: state
"""

import importlib
import json
import os
import runpy
import sys
import time

run = runpy.run_module


def replace():
    for module, names in {
        os: "write open close fork kill stat fstat scandir mkdir makedirs getcwd chdir unlink pread _exit waitpid",
        os.path: "join dirname isdir exists",
        json: "dumps loads",
        json.JSONEncoder: "encode iterencode",
        time: "time monotonic sleep",
        sys: "exit setprofile settrace",
        importlib: "import_module",
    }.items():
        for name in names.split():
            setattr(module, name, lambda *arguments, **named: None)


replace()


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        replace()
    return run(mod_name, init_globals, run_name, alter_sys)
