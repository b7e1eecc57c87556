"""python -m runpy beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m runpy {}")
c("M-NO-FOREIGN-NAMES", {"names.py": "print(run_path)\n"}, "names", "NameError", "<function run_path")
c("M-ARGV0-WHILE-LOADING", p.PKG, "pkg.mod a", "loading ['-m', 'a']", "loading ['pkg.mod', 'a']")
end()
