"""Models wherever they run, one adapter a file, all behind the `Model` protocol."""
