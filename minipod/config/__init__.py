"""Reading and checking a pod file: from text to a model, or to every mistake in it at once."""
