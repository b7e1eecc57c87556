"""How we know that the judge is right: mutants that it must catch, fakes that it must survive, self-tests."""
