"""Cases: the model, fixtures read and written, families that enumerate, strategies that draw.

    model         a case: a world (files, sys.path, sys.argv) and the steps taken in it
    fixture_file  the keys of a fixture's file, as types
    fixtures      fixtures read from TOML, and written
    families      small worlds enumerated completely, from tables
    strategies    cases drawn by Hypothesis
    tree          all fixtures and all cases of the families, in order

Nothing in this room knows how a case is run, or what a run shows.
"""
