"""The audit room: who did what, and proof that nobody changed the record."""
