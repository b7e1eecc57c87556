"""python -m gevent.monkey --module beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m gevent.monkey --module {}")
c("M-MAIN-IS-THE-PROGRAM", p.PICKLES, "pickles", "True", "PicklingError")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
c("M-ARGV0-IS-FILE", p.SHOW, "show", "['<folder>/show.py']", "['show']")
end()
