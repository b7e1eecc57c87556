"""Measures the speed of the suite, beside the bare calls and beside a comparison by hand (docs/speed.md).

floor     a script for the target: the bare calls, in one process
naive     a script for the target: one side of one case, in an interpreter of its own
measure   runs these scripts and the suite, and measures their time
growth    measures how the time grows with cores and with the depth and size of worlds, and memory with the search
show      makes the tables and plots, for the terminal and for the page
"""
