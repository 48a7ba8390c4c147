"""The exact world of toys: random views of 3-D objects, in pixels, with the score in closed form."""
