"""kernprof -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("kernprof -o out -m {}")
c("M-RUNS-ONCE", p.NAME, "name", "run as __main__", "run as name\nrun as __main__")
c("M-NO-FOREIGN-NAMES", {"k/__init__.py": "", "k/__main__.py": "print(prof)\n"}, "k", "NameError", "ContextualProfile")
c("M-FINDERS-ASKED", {}, "__hello__", "Hello world!", "Could not find module")
c("M-SAFE-PATH", p.BOTH, "both", "No module named both", "in the folder", before="PYTHONSAFEPATH=1 ")
c("M-PARENT-IMPORT-ERROR", p.BROKEN, "broken.mod", "broken/__init__.py", "Could not find module")
c("M-ATEXIT-SEES-GLOBALS", p.LATE_IMPORT, "late", "found", "No module named 'helper'")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
