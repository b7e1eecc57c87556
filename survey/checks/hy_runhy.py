"""Hy's copy of runpy beside the interpreter's, and `runpy.run_path` after Hy has been imported."""

from by_hand import check, end, function

LATIN = {"latin.py": "# -*- coding: latin-1 -*-\nprint('ran \xe9')\n".encode("latin-1")}
MARK = {"mark.py": b"\xef\xbb\xbfprint('ran')\n"}
ODD = {"odd.py": "# -*- coding: no-such-encoding -*-\nprint('ran')\n"}
f = function("from runpy import run_module\nfrom hy.importer import runhy\nrun_path = runhy.run_path", "run_module")
f("P-SOURCE-ENCODING", LATIN, "run_path('latin.py')", "ran", "UnicodeDecodeError")
f("P-BYTE-ORDER-MARK", MARK, "run_path('mark.py')", "ran", "SyntaxError")
f("P-UNKNOWN-ENCODING", ODD, "run_path('odd.py')", "SyntaxError", "ran")
f("P-ANY-SUFFIX", {"tool.txt": "print('ran')\n"}, "run_path('tool.txt')", "ran", "LexException")
for files, name, ours, theirs in ((LATIN, "latin", "ran", "UnicodeDecodeError"), (MARK, "mark", "ran", "SyntaxError")):
    command = f"import runpy; runpy.run_path('{name}.py')"
    check(
        "P-SOURCE-ENCODING",
        files,
        f'python -c "{command}"',
        f'python -c "import hy; {command}"',
        by_oracle=ours,
        by_candidate=theirs,
    )
end()
