"""What a browser can show of a clip: a small film or sound, and pictures of both by the clip's clock."""

from pipelines.preview.previews import Preview, Previews, clip

__all__ = ["Preview", "Previews", "clip"]
