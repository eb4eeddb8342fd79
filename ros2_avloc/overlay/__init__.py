"""The picture for people: what is seen and heard, drawn onto the frame."""
