"""ipython -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("ipython -m {}")
c("M-EXIT-STATUS", p.THREE, "three", "status 3", "status 0")
c("M-MISSING-STATUS", {}, "not_there", "status 1", "status 0")
c("M-PATH0-IS-FOLDER", {"path.py": "import sys\nprint([sys.path[0]])\n"}, "path", "['<folder>']", "/bin']")
c("M-FOLDER-FIRST", p.BOTH, "both", "in the folder", "on PYTHONPATH", before="PYTHONPATH=other ")
c(
    "M-MAIN-THREAD",
    {"count.py": "import threading\nprint(threading.active_count(), 'threads')\n"},
    "count",
    "1 threads",
    "2 threads",
)
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
