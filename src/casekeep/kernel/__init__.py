"""Words that every room shares: ids, errors, the clock."""
