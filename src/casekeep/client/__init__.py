"""A client of both contracts for Python programs. It knows the contracts only, and nothing of the house."""
