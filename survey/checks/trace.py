"""python -m trace -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m trace --count -C out --module {}")
c("M-MAIN-IS-THE-PROGRAM", p.PICKLES, "pickles", "True", "PicklingError")
c("M-EXIT-STATUS", p.THREE, "three", "status 3", "status 0")
c("M-DOUBLE-DASH", p.SHOW, "show -- a", "['<folder>/show.py', '--', 'a']", "['<folder>/show.py', 'a']")
c("M-DOC-IS-OWN", p.DOC, "doc", "None", "Built-in functions")
c("M-CACHED-OF-SPEC", p.CACHED, "cached", "cached <folder>", "cached None")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
c("M-ARGUMENTS-WHILE-LOADING", p.PKG, "pkg.mod a", "loading ['-m', 'a']", "'pkg.mod', 'a']")
c("M-FINDERS-ASKED", p.BY_GET_CODE, "odd", "by get_code", "Error", before="PYTHONPATH=. ")
end()
