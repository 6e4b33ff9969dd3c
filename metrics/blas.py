"""One thread for linear algebra: the matrices here are small, and threads of several callers collide.

Decomposing a thousand 40 x 40 matrices took 25 s of processor time with two busy threads a caller, and
4 s with one. Importing this module sets the limit for the whole process.
"""

from __future__ import annotations

import numpy
import scipy.linalg  # its own copy of the library: the limit reaches only what is loaded
from threadpoolctl import threadpool_limits

__all__ = ["LIMITS", "numpy", "scipy"]

LIMITS = threadpool_limits(limits=1, user_api="blas")
