"""What is measured: pure functions on arrays, each with the source of its formula."""
