"""Retrieval with AVE-Net: moments of recordings that look or sound like something given. No ROS, no torch."""
