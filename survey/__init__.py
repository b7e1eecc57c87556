"""The survey: how implementations of `run_module` and launchers by other people behave (survey/README.md)."""
