"""Compares what is on record with what is in the store, both ways, and mends what it can."""
