"""Networks, data, training, and export to a bundle."""
