"""Binds the names of jobs to what does them; it decides nothing."""
