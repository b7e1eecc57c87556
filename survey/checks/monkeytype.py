"""monkeytype run -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("monkeytype run -m {}")
c("M-DOUBLE-DASH", p.SHOW, "show -- a", "['<folder>/show.py', '--', 'a']", "['<folder>/show.py', 'a']")
c("M-SAFE-PATH", p.BOTH, "both", "No module named both", "in the folder", before="PYTHONSAFEPATH=1 ")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
