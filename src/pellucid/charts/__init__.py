"""Charts as Vega-Lite specifications, made from plain values: the same look in reports, notebooks and print."""
