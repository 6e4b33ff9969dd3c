"""A copy of the store that may leave it: nothing in it leads back to a person, an officer or the store.

``policy`` declares what is in it, ``crowd`` withholds what would single a row out, ``build`` makes the
tables, ``files``, ``copies`` and ``writing`` write them, ``check`` reads them back, ``codebook`` and ``readme``
describe them. ``extract`` is the command's, ``analysis_copy`` the copy that people's own SQL runs over.
"""

from data.extract.copies import analysis_copy
from data.extract.files import DATES, FORMATS, Request, Result, extract

__all__ = ["DATES", "FORMATS", "Request", "Result", "analysis_copy", "extract"]
