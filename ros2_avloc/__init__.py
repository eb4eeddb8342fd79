"""Where, in what a robot sees, the sound that it hears comes from."""

__version__ = '0.1.0'
