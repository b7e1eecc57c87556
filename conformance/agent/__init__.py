"""The agent: our half inside the target interpreter.

It builds a case on disk, runs the steps, and writes down what it saw. It knows nothing of clauses, levels or
verdicts. Standard library only, Python 3.8 and later, and nothing is imported from outside this folder: the suite
is not installed where the agent runs.

    start      makes this folder importable, then hands over
    server     the protocol: one request a line, one process for each
    candidate  finds the side under test
    world      writes the files of a case
    rollback   puts the interpreter back between the cases of one process
    steps      runs the steps of a case and gathers the observation
    watch      sees what happens meanwhile: modules executed, warnings, audit events
    frames     tells when the body of a module begins and ends
    state      what of the interpreter's state changed
    describe   any object as plain JSON
    own        what all of this works with, on which the candidate cannot lay hands
"""

# What both ends of the line must agree on.
PROTOCOL = 2
# Exit statuses: of a process in which nothing works any more that it would take to say what was seen; of an agent that
# was sent what is no request.
MUTE, NONSENSE = 97, 98
SPECIALS = (
    "__name__",
    "__spec__",
    "__file__",
    "__cached__",
    "__loader__",
    "__package__",
    "__doc__",
    "__builtins__",
    "__path__",
)
# Of an import the rest is the import system's own affair, and dear to describe.
OF_AN_IMPORT = ("__name__", "__file__", "__package__", "__doc__")
