"""A model server of our own, and servers started for the length of a job."""
