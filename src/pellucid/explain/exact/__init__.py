"""Shapley values without sampling, for models whose inside is known."""
