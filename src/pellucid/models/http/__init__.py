"""Models behind HTTP: what is sent, how it survives, how the answer is read."""
