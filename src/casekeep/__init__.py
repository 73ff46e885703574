"""Casekeep: the file room of a clinic."""
