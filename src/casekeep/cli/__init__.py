"""The command line: what an operator types. Translates, decides nothing."""
