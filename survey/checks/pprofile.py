"""pprofile -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("pprofile -o out -m {}")
c("M-ARGV0-IS-FILE", p.SHOW, "show", "['<folder>/show.py']", "['show']")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
