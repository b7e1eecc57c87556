"""pprofile -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("pprofile -o out -m {}")
c("M-DOUBLE-DASH", p.SHOW, "show -- a", "['<folder>/show.py', '--', 'a']", "['<folder>/show.py', 'a']")
c("M-OPTIONS-ARE-ARGUMENTS", p.SHOW, "show -o a", "['<folder>/show.py', '-o', 'a']", "['<folder>/show.py']")
c("M-SAFE-PATH", p.BOTH, "both", "No module named both", "in the folder", before="PYTHONSAFEPATH=1 ")
c("M-ATEXIT-SEES-GLOBALS", p.LATE_IMPORT, "late", "found", "No module named 'helper'")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
