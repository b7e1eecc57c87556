"""How fast the suite is, against the bare cost of what it does and against what people do by hand (docs/speed.md).

floor     the bare calls, in one process: a script for the target
naive     one side of one case, in an interpreter of its own: a script for the target
measure   runs these, and the suite itself, and takes the time
growth    how the cost grows: with cores, with the depth and the size of worlds, and memory with the number of cases
show      the tables and the page
"""
