"""Networks, losses, and the LightningModules that train them. Plain numbers in, no lesion types."""
