"""The files room: receives, lists, opens and removes files."""
