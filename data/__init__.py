"""The data room: what is stored, what it means, and how it gets in."""
