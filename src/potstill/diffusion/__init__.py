"""x_t = alpha_t x_0 + sigma_t eps: schedules, priors, guidance, sampling and inversion, on torch alone."""
