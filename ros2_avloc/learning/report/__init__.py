"""The report of ``avloc evaluate``: one HTML file with all its pictures in it."""
