"""viztracer -m beside python -m."""

import programs as p
from by_hand import end, launcher

THREADS = {
    "threads.py": "import atexit, threading, time\natexit.register(print, 'last')\n"
    "threading.Thread(target=lambda: (time.sleep(1), print('thread'))).start()\n"
}
c = launcher("viztracer -o out.json -m {}")
c("M-ENDED-BY-SIGNAL", p.TERM, "term", "status 143", "status 0")
c("M-THREADS-WAITED-FOR", THREADS, "threads", "thread\nlast", "last\n")
c("M-LAST-EXCEPTION", p.LAST, "last", "last division by zero", "has no attribute 'last_value'")
c("M-SAFE-PATH", p.BOTH, "both", "No module named both", "in the folder", before="PYTHONSAFEPATH=1 ")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
