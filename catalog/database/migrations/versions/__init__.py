"""The migrations, oldest first: ``vNNNN_what.py``."""
