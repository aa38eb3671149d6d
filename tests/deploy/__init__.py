"""What is deployed: compose, image, alert rules."""
