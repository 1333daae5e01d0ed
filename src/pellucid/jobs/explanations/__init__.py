"""Explanations of a job: from rows, a model and a baseline to the files that Clarify writes."""
