"""Examining cases on both sides, confirming what they show, and searching for more. Does not know how it is shown."""
