"""Side by side with OCA's modules and with a bare model, on one PostgreSQL."""
