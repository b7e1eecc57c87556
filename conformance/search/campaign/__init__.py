"""Campaigns: very many drawn cases on two sides that must agree, with what has been done kept on disk or on a server.

Rules. Owns which cases a campaign tries, and what is remembered of them. Does not know how a campaign is asked for, nor
how its figures are shown.

Theory of operation. The cases come in chunks: the chunk of a number holds the same cases in every process, since it is
drawn from a seed of its own. A worker claims a chunk that nobody has, draws it, tries those of its cases that no chunk
before had, and commits all that came of it at once. So whatever ends a worker, no more is lost than the chunk that it
was at, and several workers need nothing in common but the store.

    chunks   which cases a chunk has
    work     a worker: tries chunk after chunk
    state    what is known of a campaign: its cases, its divergences, its figures
    stores   where that is kept: in a file, or on a Redis server
    memory   the memory of this process and of those below it
"""
