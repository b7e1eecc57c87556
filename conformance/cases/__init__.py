"""Cases: the model, fixtures read and written, families that enumerate, strategies that draw. Runs nothing."""
