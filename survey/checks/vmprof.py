"""python -m vmprof -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m vmprof -o out -m {}")
c("M-EXIT-STATUS", p.THREE, "three", "status 3", "status 0")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
