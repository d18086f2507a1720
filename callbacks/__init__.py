"""What happens during a fit. Imports data_modules, never liverlab."""
