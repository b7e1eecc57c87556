"""pyinstrument -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("pyinstrument -o out -m {}")
c("M-SAFE-PATH", p.BOTH, "both", "on PYTHONPATH", "in the folder", before="PYTHONSAFEPATH=1 PYTHONPATH=other ")
c("M-FOLDER-BEFORE-LIBRARY", p.STD, "optparse", "ours", "status 0")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
