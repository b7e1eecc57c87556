"""CinderX: a function that is defined where `__name__` has a lone surrogate."""

from by_hand import check, end

PROGRAM = {
    "define.py": """
import sys
if sys.argv[1:]:
    import cinderx.jit
    cinderx.jit.auto()
exec('def f(): return 1', {'__name__': '\\udc80'})
print('defined')
"""
}
# Without the site module there is no CinderX.
commands = ("python -S define.py", "python define.py jit")
check("NAME-FROM-RUN-NAME", PROGRAM, *commands, by_oracle="defined", by_candidate="status 139")
end()
