"""One analysis from configuration to results, in steps."""
