"""hy -m beside python -m."""

import programs as p
from by_hand import end, launcher

CHILD = {"child.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(1 + 1)'])\n"}
c = launcher("hy -m {}")
c("M-NAME-TAKEN-LITERALLY", {"a-b.py": "print('ran')\n"}, "a-b", "ran", "status 1")
c("M-SAME-INTERPRETER", CHILD, "child", "2\n", "NameError")
c("M-SAFE-PATH", p.BOTH, "both", "No module named both", "in the folder", before="PYTHONSAFEPATH=1 ")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
