"""rosbag2 and video files, as they are written."""
