"""python -m mpi4py -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m mpi4py -m {}")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
