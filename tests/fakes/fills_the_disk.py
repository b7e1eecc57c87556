"""Fills the disk on which its world lies, if that is a small one; with 400 MB at most.

diverges: OSError
"""

import os
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        disk = os.statvfs(".")
        for number in range(25 if disk.f_blocks * disk.f_frsize < 1 << 30 else 0):
            with open(f"filling_{number}", "wb") as file:
                file.write(b"x" * (16 << 20))
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
