"""The agent: our half inside the target interpreter.

It builds a case on disk, runs the steps, and writes down what it observed. It knows nothing of clauses, levels or
verdicts. Standard library only, Python 3.8 and later, and nothing is imported from outside this folder, since the suite
is not installed where the agent runs.

    start         makes this folder importable, then hands over
    server        the protocol: what each message of the driver has the agent do
    channel       the two streams of the protocol, put aside
    messages      the messages of the protocol, as types
    checking      checks what the driver sends
    greeting      the handshake: the interpreter and the side
    capabilities  what a case may require, found by trying
    processes     the process of a request: forked, limited, ended
    batch         the cases of a request, one after another
    outputs       the standard streams of the cases
    candidate     finds the side under test
    world         writes the files of a case
    rollback      undoes what a case has changed, before the next case of the same process
    steps         runs the steps of a case and assembles the observation
    commands      runs a command, and describes what its program tells and leaves
    tracebacks    reads the tracebacks that a program has written
    on_path       the module by which a program tells what it sees
    watch         sees what happens meanwhile: modules executed, warnings, audit events
    frames        follows when the body of a module begins and ends
    lazy          imports once what the side under test imports in each case
    state         finds what has changed in the interpreter's state
    namespaces    tells what belongs to the interpreter and not to the case
    describe      describes any object as plain JSON
    raised        finds the candidate's own line at which an exception was raised
    own           copies of what the agent needs, which the candidate cannot change
    cleaning      removes what a case has left
    build         which build of which interpreter this is; also a script
    compiled      a script: makes files that depend on the version
"""

# The version of the protocol, which must be the same at both ends.
PROTOCOL = 3
# Exit statuses: of a process in which too little works to write an observation; of an agent that was sent a line that
# is no request.
MUTE, NONSENSE = 97, 98
# The beginning of the name of a side that is a command; a template for each kind of program follows, in JSON.
COMMAND = "command:"
# The kinds of programs that a command runs, and the mark that stands for the program in a template.
MODULE, PATH = "module", "path"
MARKS = {MODULE: "{name}", PATH: "{path}"}
# The special globals of a module, in the order in which they are described.
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
# Those that are described of an import: the others concern the import system, and are expensive to describe.
OF_AN_IMPORT = ("__name__", "__file__", "__package__", "__doc__")
# The number of entries up to which a part of an observation is told whole at each moment. Of more, only those are told
# that are not as they were at the moment before.
MANY = 16
