"""The deployment, as far as one machine without a booted systemd can try it."""
