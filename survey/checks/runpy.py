"""python -m runpy beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m runpy {}")
c("M-NO-FOREIGN-NAMES", {"names.py": "print(run_path)\n"}, "names", "NameError", "<function run_path")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
