"""The command `releases`: compares successive releases of CPython, and reports changes that are not in the ledger.

    __main__            the command line: which interpreters are compared
    compare             the comparison of two interpreters over all cases
    text                the text of a comparison, with an entry for the ledger for each new change
    page                docs/releases.md, made of the ledger
    cases_of_changes    the case that shows a change

The ledger, which holds the known changes, is in conformance/clauses/. Nothing here knows how a case is run or judged:
the examiner does that, with the older interpreter as the oracle and the `runpy` of the newer one as the candidate.
"""
