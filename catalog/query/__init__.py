"""The query grammar for observations and the engines that answer it."""
