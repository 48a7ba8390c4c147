"""The page of `potstill app`: a tab a file, thin above worlds and tasks; it holds no mathematics of its own."""
