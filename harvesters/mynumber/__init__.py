"""Sources of kind ``mynumber``: My Number card statistics of MIC."""
