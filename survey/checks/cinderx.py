"""CinderX: a function that is defined where `__name__` has a lone surrogate."""

from by_hand import check, end

PROGRAM = {"define.py": "exec('def f(): return 1', {'__name__': '\\udc80'})\nprint('defined')\n"}
check(
    "NAME-FROM-RUN-NAME",
    PROGRAM,
    "python -S define.py",
    "python define.py",
    by_oracle="defined",
    by_candidate="status 139",
)
end()
