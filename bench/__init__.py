"""Measures the speed of the suite, beside the bare calls and beside a comparison by hand (docs/speed.md).

floor     a script for the target: the bare calls, in one process
naive     a script for the target: one side of one case, in an interpreter of its own
measure   runs these scripts and the suite, and measures their time
curves    measures how the cost of a case grows with its size, along one axis at a time, and fits exponents
growth    measures how the cases in a second grow with cores, and the memory of a search
processes the processor time of this process and those below it
show      makes the tables and plots, for the terminal and for the page
"""
