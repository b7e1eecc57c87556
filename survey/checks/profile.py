"""python -m profile -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m profile -o out -m {}")
c("M-MAIN-IS-THE-PROGRAM", p.PICKLES, "pickles", "True", "PicklingError")
c("M-EXIT-STATUS", p.THREE, "three", "status 3", "status 0")
c("M-ARGV0-IS-FILE", p.SHOW, "show", "['<folder>/show.py']", "['show']")
c("M-FOLDER-BEFORE-LIBRARY", p.STD, "optparse", "ours", "ImportError")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
