"""Observations: how a case is run in an interpreter, or its observation replayed. Does not know what one means."""
