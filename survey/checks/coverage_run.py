"""coverage run -m beside python -m."""

import programs as p
from by_hand import end, launcher

c = launcher("coverage run -m {}")
c("M-SPEC-OF-MODULE", p.SPEC, "spec", "SourceFileLoader", "DummyLoader")
c("M-CACHED-OF-SPEC", p.CACHED, "cached", "cached <folder>", "NameError")
c("M-FINDERS-ASKED", {}, "__hello__", "Hello world!", "No file to run")
c("M-EXIT-OBJECT", p.OBJECT, "object", "(1, 2)", "status 1")
c("M-LAST-EXCEPTION", p.LAST, "last", "last division by zero", "has no attribute 'last_value'")
c("M-MAIN-IS-A-PACKAGE", p.MAIN_IS_PACKAGE, "mp", "status 1", "status 0")
c("M-EXTENSION-REFUSED", {"ext.abi3.so": ""}, "ext", "status 1", "status 0")
c("M-UNDECODABLE-SOURCE", {"latin.py": b'print("ran")\n# \xe9\n'}, "latin", "SyntaxError", "ran\n")
c("M-BROKEN-SOURCE", {"wrong.py": "print(\n"}, "wrong", "line 1\n", "Couldn't run")
c("M-PARENT-IMPORT-ERROR", p.BROKEN, "broken.mod", "broken/__init__.py", "No module named 'not_there'")
c("M-ARGUMENTS-WHILE-LOADING", p.PKG, "pkg.mod a", "loading ['-m', 'a']", "'run', '-m', 'pkg.mod', 'a']")
c("M-IMPORTED-ALREADY-WARNED", p.AGAIN, "again.mod", "RuntimeWarning", "ran\n")
c("M-FOLDER-BEFORE-LIBRARY", p.STD, "optparse", "ours", "status 0")
c("M-FILE-IS-FULL-PATH", p.FILE, "file", "file.pyc", "file.py\n", prepare=p.COMPILED_ALONE)
c("M-COMPILED-FILE-USED", p.KEPT, "kept", "from the cache", "from the source", prepare=p.COMPILED_BEFORE)
end()
