"""How long files and cases are kept, how they are destroyed, and proof that they were."""
