"""What is found out about a case's files after they were received."""
