"""3-D scenes: edited, generated and compared."""
