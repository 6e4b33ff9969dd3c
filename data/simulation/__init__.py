"""The parts of the simulated agency; ``data.simulate`` is the way in."""
