"""The bundle, the engines that run it, and the localizer."""
