"""Sources of kind ``sdmx``: SDMX-CSV, SDMX-JSON and SDMX-ML."""
