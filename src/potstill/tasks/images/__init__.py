"""Pictures: edited, generated, inverted, compared and sampled."""
