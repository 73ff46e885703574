"""How much the embedded server can take. Imports nothing, since every command needs to know."""

MAX_CONNECTIONS = 500
"""Idle ones cost some kilobytes each; more busy ones than this would only queue for the CPUs."""
