"""The clinician contract over the core: its words, its statuses, its wire shapes."""
