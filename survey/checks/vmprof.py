"""python -m vmprof -m beside python -m."""

import programs as p
from by_hand import check, end, launcher

FAILS = {"fails.py": "1 / 0\n"}
COMMANDS = ("timeout 10 python -m fails", "timeout 10 python -m vmprof -o out -m fails")
check("M-TRACEBACK-FRAMES", FAILS, *COMMANDS, by_oracle="status 1", by_candidate="status 124")
c = launcher("python -m vmprof -o out -m {}")
c("M-EXIT-STATUS", p.THREE, "three", "status 3", "status 0")
c("M-DOUBLE-DASH", p.SHOW, "show -- a", "['<folder>/show.py', '--', 'a']", "['<folder>/show.py', 'a']")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
