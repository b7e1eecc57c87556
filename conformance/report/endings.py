"""The endings of the files that `--report` writes. Nox keeps records for each target, and makes all others of them.

This module imports nothing, since the noxfile reads the options, and with them these endings, each time.
"""

from __future__ import annotations

RECORDS = ".jsonl"
PAGE = ".html"
SUMMARY = ".md"
BADGE = ".svg"
BADGE_DATA = "badge.json"
ENDINGS = (RECORDS, PAGE, SUMMARY, BADGE, BADGE_DATA)
