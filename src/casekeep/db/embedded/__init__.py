"""Casekeep's own PostgreSQL: found, started, watched and joined by our supervisor."""
