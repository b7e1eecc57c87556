"""jurigged's runpy beside the interpreter's."""

from by_hand import end, function

f = function(
    "from types import ModuleType\nfrom jurigged import runpy",
    "lambda name, run_name, alter_sys: runpy.run_module(name, None, ModuleType(run_name), alter_sys)",
)
CALL = "run_module('m', run_name='__main__', alter_sys=True)\n"
PROGRAM = f"import sys\nbefore = sys.modules['__main__']\n{CALL}print(sys.modules['__main__'] is before)"
f("MODULES-RESTORED", {"m.py": ""}, PROGRAM, "True", "False")
end()
