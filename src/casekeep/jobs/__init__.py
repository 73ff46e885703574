"""Work for later: committed with the act that causes it, and done at least once."""
