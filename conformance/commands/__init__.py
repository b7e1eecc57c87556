"""Holds the commands that a person types: the pytest plugin, the run, and the commands beside judging."""
