"""captionmill by its own name: `python -m captionmill` is the command `captionmill`.

From Python: `from pipelines.caption.run import caption`, which takes sources, a workspace and a profile.
"""

from pipelines.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
