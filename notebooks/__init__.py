"""The notebooks, and the code of the lecture that they come from."""
