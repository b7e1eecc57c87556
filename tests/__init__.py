"""Tests of the suite itself: mutants that it must catch, fakes that it must survive, and self-tests."""
