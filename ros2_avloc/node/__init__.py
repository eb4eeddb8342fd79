"""All that knows rclpy: the nodes, their parameters, messages, markers and diagnostics."""
