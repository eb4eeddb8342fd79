"""What ROS messages hold, read without ROS: they may be rclpy's or those of a recording."""
