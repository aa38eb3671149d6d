"""What is to be seen from outside: the table of metrics, and how it is shown."""
