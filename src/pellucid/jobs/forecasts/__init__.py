"""Explaining forecasts: from a document of time series to scores."""
