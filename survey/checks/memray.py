"""memray run -m beside python -m."""

import programs as p
from by_hand import end, launcher

OWN = {"own/__init__.py": "", "own/__main__.py": "from own import name\n"}
c = launcher("memray run -q -f -o out.bin -m {}")
c("M-DOUBLE-DASH", p.SHOW, "show -- a", "['<folder>/show.py', '--', 'a']", "['<folder>/show.py', 'a']")
c("M-OWN-IMPORT-ERROR", OWN, "own", "own/__main__.py", "cannot import name 'name' from 'own'")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
