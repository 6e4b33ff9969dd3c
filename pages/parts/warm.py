"""Import the heavy libraries once, in one place.

Two first sessions at once otherwise meet in half-loaded modules; importing this one serialises them.
"""

import ibis
import pandas
import plotly.graph_objects

import metrics.evaluate
import pages.print.figures

__all__ = ["ibis", "metrics", "pages", "pandas", "plotly"]
