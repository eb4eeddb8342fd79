"""rosbag2 and video files, in and out."""
