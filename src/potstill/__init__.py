"""Score distillation with diffusion models: one core for SDS, SDI, DDS, PDS and what lies between."""
