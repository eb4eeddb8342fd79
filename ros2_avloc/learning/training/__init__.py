"""Training: stages, losses, and the loop they share."""
