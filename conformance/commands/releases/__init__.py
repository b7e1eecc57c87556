"""What Python's releases have changed, and whether a new one changes anything else.

    ledger    the known changes, as data: conformance/clauses/releases/<release>.toml, and whether the clauses agree
    compare   two interpreters side by side: what differs, and is it in the ledger?
    page      docs/releases.md
    tell      what a comparison comes to, in words

Nothing here knows how a case is run or judged: the examiner does that, with the older interpreter as the oracle and
the newer one's own `runpy` as the candidate.
"""
