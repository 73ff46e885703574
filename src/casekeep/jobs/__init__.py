"""Work that is done later: put into the database with the act that causes it, and done at least once."""
