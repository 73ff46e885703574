"""The patient-portal contract over the core: its envelope, its codes, its wire shapes."""
