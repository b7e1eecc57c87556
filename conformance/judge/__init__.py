"""The judge: a case and two observations in, divergences and findings out. Pure functions: no processes, no files."""
