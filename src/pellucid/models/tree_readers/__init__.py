"""Ensembles of trees as their libraries hold them, read into plain arrays."""
