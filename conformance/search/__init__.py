"""Trying cases on both sides, confirming divergences, and searching for more.

Rules. Owns the order in which cases are tried, and what counts as found. Does not know how a find is shown.

    examine          tries and confirms cases; everything else here uses it
    reduce           makes the case that leads a finding smaller, in the ways of
    smaller            cases, and
    shorter            Python texts
    rounds           a search: draws cases, and makes a smallest case for each cause
    profiles         how much is tried, and which folders are kept between runs
    campaign         very many drawn cases on sides that must agree
    self_comparison  the oracle against itself
    fuzzing          a search without end, by HypoFuzz
"""
