"""python -m pdbp -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m pdbp -c continue -m {}")
c("M-ARGV0-IS-FILE", p.SHOW, "show", "['<folder>/show.py']", "['show']")
c("M-OPTIONS-ARE-ARGUMENTS", p.SHOW, "show -h", "show.py', '-h']", "To let the script run until")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
c("M-CACHED-OF-SPEC", p.CACHED, "cached", "cached <folder>", "NameError")
c("M-DOC-IS-OWN", p.DOC, "doc", "None", "Built-in functions")
c("M-NAMES-AT-EXIT", p.LATE, "late", "found", "NameError: name 'name' is not defined")
c("M-EXIT-STATUS", p.THREE, "three", "status 3", "status 0")
c("M-ARGUMENTS-WHILE-LOADING", p.PKG, "pkg.mod a", "loading ['-m', 'a']", "'pkg.mod', 'a']")
c("M-FILE-IS-FULL-PATH", p.FILE, "file", "file.pyc", "file.py\n", prepare=p.COMPILED_ALONE)
c("M-PARENT-IMPORT-ERROR", p.BROKEN, "broken.mod", "broken/__init__.py", "not_there")
c("M-SIGINT-RAISES", p.INTERRUPTED, "interrupted", "interrupted\n", "Program interrupted")
end()
