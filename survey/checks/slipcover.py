"""python -m slipcover -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("python -m slipcover --out out -m {}")
c("M-SPEC-OF-MODULE", p.SPEC, "spec", "SourceFileLoader", "slipcover")
c("M-DATA-FOUND", p.DATA, "data", "b'text\\n'", "None")
c("M-FROZEN-RUNS", {}, "__hello__", "Hello world!", "ImportError")
c("M-BUILTINS-MODULE", p.BUILTINS, "builtin", "<class 'module'>", "<class 'dict'>")
end()
