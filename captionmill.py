"""captionmill in one name: `python -m captionmill`, and the pieces that a notebook wants.

import captionmill
result = captionmill.caption(["clips"], Path("out"), "cpu")
"""

from pipelines.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
