"""What is measured, beside the limit of the machine, in one run."""
