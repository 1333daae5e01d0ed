"""The report for people: one document built from the files of a job, rendered as a page, as print and as a notebook."""
