"""ipython -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("ipython -m {}")
c("M-MISSING-STATUS", {}, "not_there", "status 1", "status 0")
c("M-FOLDER-FIRST", p.BOTH, "both", "in the folder", "on PYTHONPATH", before="PYTHONPATH=other ")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
