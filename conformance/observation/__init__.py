"""Getting an observation of a case: from a running interpreter, a cache or a recording.

Rules. Owns processes, their temporary folders and the files of observations. Does not know what an observation means.

    side           the protocol of all sides, a greeting and a reply; start reading here
    live           a side that runs cases in an interpreter
    cached         the oracle, with its results from earlier runs
    two_agents     the candidate, in two processes
    translated     a side in the names that all interpreters share
    replayed       the oracle, from a recording
    batches        how many cases share a process
    protocol       decodes and checks what an agent sends
    agent_process  one agent and its pipes
    guard          the process between driver and agent, which ends whatever the agent leaves
    scratch        temporary folders
    interpreters   finding interpreters
    build          which build an interpreter is
    recording/     reading and writing recordings
    reproducing    running a program that shows a difference
"""
