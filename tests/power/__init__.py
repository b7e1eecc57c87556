"""Measures how many wrong implementations the suite catches, and how soon (docs/power.md).

`wrong` knows where wrong implementations come from, `generate` makes some by tools, `measure` tries one, `__main__`
tries them all and prints the tables.
"""
