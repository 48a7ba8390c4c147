"""Input and output: images, tables and files, validated on reading and written atomically."""
