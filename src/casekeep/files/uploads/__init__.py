"""Uploads that arrive in parts, over any number of requests, processes and days."""
