"""What is seen from outside: metrics, health, logs."""
