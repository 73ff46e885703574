"""Tells partners' software what happened, in order and signed, and keeps a record of each try."""
