"""The identity room: who is calling, proven by a password, a code, a token or a key."""
