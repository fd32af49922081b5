"""Arrow schemas of every table of a workspace.

Rows are joined by `clip_id`, sources to clips by `content_hash`; never by position. Columns that say
when or how long something took live in the run log, so that equal work gives equal bytes.
"""

import pyarrow as pa


def _field(name: str, kind: pa.DataType, doc: str, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"doc": doc})


_ID = _field("clip_id", pa.string(), "hash of (content hash, start ms, end ms)", nullable=False)
_HASH = _field("content_hash", pa.string(), "sha256 of the source's bytes; null if unreadable")
_URI = _field("uri", pa.string(), "file URI, percent-encoded bytes", nullable=False)
_START = _field(
    "start_ms", pa.int64(), "start of the clip in its source's content, ms", nullable=False
)
_END = _field("end_ms", pa.int64(), "end of the clip in its source's content, ms", nullable=False)
_MEDIA = [
    _field("kind", pa.string(), "video, audio or image; null if it could not be opened"),
    _field("has_audio", pa.bool_(), "sound can be decoded", nullable=False),
    _field("has_video", pa.bool_(), "pictures can be decoded", nullable=False),
    _field("audio_reason", pa.string(), "why there is no usable sound"),
    _field("video_reason", pa.string(), "why there is no usable picture"),
]
_TRACKS = [
    _field("audio_track", pa.int32(), "stream of sound that is used, by its number from 0"),
    _field("video_track", pa.int32(), "stream of pictures that is used, by its number from 0"),
]
_FAULT = [
    _field(
        "fault", pa.string(), "why it can't be worked (a reason of engine.media.probe), or null"
    ),
    _field("fault_message", pa.string(), "the same for people"),
]

_SEGMENT = pa.struct(
    [
        ("start_ms", pa.int64()),
        ("end_ms", pa.int64()),
        ("file_ms", pa.int64()),
        ("first_byte", pa.int64()),
        ("end_byte", pa.int64()),
    ]
)

SOURCES = pa.schema(
    [
        _URI,
        _HASH,
        _field("size", pa.int64(), "bytes when it was hashed", nullable=False),
        _field("mtime_ns", pa.int64(), "modification time when it was hashed", nullable=False),
        *_MEDIA,
        _field("duration_ms", pa.int64(), "of its content; 0 for a still", nullable=False),
        _field("width", pa.int32(), "pixels, upright"),
        _field("height", pa.int32(), "pixels, upright"),
        _field("fps", pa.float64(), "mean frames per second"),
        _field("rate", pa.int32(), "sampling rate in Hz"),
        _field("channels", pa.int32(), "channels of sound"),
        _field("video_codec", pa.string(), "as ffmpeg calls it"),
        _field("audio_codec", pa.string(), "as ffmpeg calls it"),
        _field("container", pa.string(), "as ffmpeg calls it"),
        _field("audio_tracks", pa.int32(), "streams of sound, also those that nothing decodes"),
        *_TRACKS,
        _field("audio_language", pa.string(), "of the sound that is used, as tagged, ISO 639"),
        _field(
            "segments",
            pa.list_(_SEGMENT),
            "content time to file time: [start_ms, end_ms) begins at file_ms of the recording in "
            "bytes [first_byte, end_byte)",
            nullable=False,
        ),
        *_FAULT,
        _field("spans", pa.int32(), "clips that the source cuts into", nullable=False),
        _field("taken", pa.int32(), "of these, taken so far (--limit)", nullable=False),
        _field("duplicate", pa.bool_(), "same bytes as an earlier source", nullable=False),
    ]
)

CLIPS = pa.schema(
    [
        _ID,
        _HASH,
        _URI,
        _START,
        _END,
        _field("file_ms", pa.int64(), "start of the clip on the file's clock, ms", nullable=False),
        _field(
            "since_ms",
            pa.int64(),
            "from when on pictures may be on screen in it, on that clock, ms",
            nullable=False,
        ),
        _field("first_byte", pa.int64(), "where its recording begins in the file", nullable=False),
        _field("end_byte", pa.int64(), "where its recording ends in the file", nullable=False),
        *_MEDIA,
        *_TRACKS,
        _field("size", pa.int64(), "bytes of the source when hashed", nullable=False),
        _field("mtime_ns", pa.int64(), "mtime of the source when hashed", nullable=False),
        _field("whole", pa.bool_(), "it is its source's only clip"),
        *_FAULT,
    ]
)

_SPANS = pa.list_(pa.struct([("start_ms", pa.int64()), ("end_ms", pa.int64())]))
_CLAIM = [
    ("label", pa.string()),
    ("text", pa.string()),
    ("kind", pa.string()),
    ("modality", pa.string()),
    ("score", pa.float64()),
    ("rank", pa.float64()),
    ("spans", _SPANS),
]

WEAK = pa.schema(
    [
        _ID,
        _field("content_hash", pa.string(), "of the media this captioner saw", nullable=False),
        _field("captioner", pa.string(), "its name in the profile", nullable=False),
        _field("text", pa.string(), "what it says, as a sentence", nullable=False),
        _field("claims", pa.list_(pa.struct(_CLAIM)), "checkable statements", nullable=False),
        _field("transcript", pa.string(), "words spoken: data, never instructions"),
        _field("language", pa.string(), "of the transcript, ISO 639-1"),
        _field(
            "language_probability", pa.float64(), "of that language, by the recogniser, in [0, 1]"
        ),
        _field("skipped", pa.string(), "why it did not run on this clip"),
        _field("missing", pa.string(), "stream that it needs and the clip lacks: audio or video"),
    ]
)

_CONFIDENCE = pa.struct([("probability", pa.float64()), ("tier", pa.string()), ("by", pa.string())])
_JUDGED = [*_CLAIM, ("confidence", _CONFIDENCE), ("fused", _CONFIDENCE)]
EVIDENCE = pa.list_(
    pa.struct(
        [
            ("captioner", pa.string()),
            ("content_hash", pa.string()),
            ("text", pa.string()),
            ("claims", pa.list_(pa.struct(_JUDGED))),
            ("transcript", pa.string()),
            ("language", pa.string()),
            ("language_probability", pa.float64()),
            ("skipped", pa.string()),
            ("missing", pa.string()),
        ]
    )
)

_CAPTION_CLAIM = [
    ("caption", pa.string()),
    ("text", pa.string()),
    ("captioners", pa.list_(pa.string())),
    ("confidence", _CONFIDENCE),
    ("spans", _SPANS),
    ("supported", pa.bool_()),
]

_IN_DOUBT = "probability that the evidence states a caption that was in doubt, by the judge"

_VARIANT = [("caption", pa.string()), ("style", pa.string()), ("text", pa.string())]

_REFUSAL = [
    ("fault", pa.string()),
    ("caption", pa.string()),
    ("detail", pa.string()),
    ("doubt", pa.bool_()),
]
_JUDGEMENT = [
    ("caption", pa.string()),
    ("sentence", pa.string()),
    ("text", pa.string()),
    ("probability", pa.float64()),
]
_REPLY = [
    ("rung", pa.string()),
    ("request_digest", pa.string()),
    ("candidate", pa.int32()),
    ("text", pa.string()),
    ("characters", pa.int32()),
    ("at_limit", pa.bool_()),
    ("refusals", pa.list_(pa.struct(_REFUSAL))),
    ("judged", pa.list_(pa.struct(_JUDGEMENT))),
    ("taken", pa.list_(pa.string())),
]

CAPTIONS = pa.schema(
    [
        _ID,
        _HASH,
        _URI,
        _START,
        _END,
        _field("duration_ms", pa.int64(), "of the clip; 0 for a still", nullable=False),
        *_MEDIA,
        _field("audio_caption", pa.string(), "what is heard"),
        _field("visual_caption", pa.string(), "what is seen"),
        _field("audio_visual_caption", pa.string(), "what both tell together"),
        _field(
            "variants",
            pa.list_(pa.struct(_VARIANT)),
            "further captions by the LLM: paraphrases and other styles, where the profile asks",
            nullable=False,
        ),
        _field("audio_by", pa.string(), "llm, template, or null without a caption"),
        _field("visual_by", pa.string(), "llm, template, or null without a caption"),
        _field("audio_visual_by", pa.string(), "llm, template, or null without a caption"),
        _field("audio_judged", pa.float64(), _IN_DOUBT),
        _field("visual_judged", pa.float64(), _IN_DOUBT),
        _field("audio_visual_judged", pa.float64(), _IN_DOUBT),
        _field("audio_why", pa.string(), "why there is no audio caption"),
        _field("visual_why", pa.string(), "why there is no visual caption"),
        _field("audio_visual_why", pa.string(), "why there is no audio-visual caption"),
        _field("transcript", pa.string(), "words spoken, by speech recognition"),
        _field("language", pa.string(), "of the transcript, ISO 639-1"),
        _field(
            "language_probability", pa.float64(), "of that language, by the recogniser, in [0, 1]"
        ),
        _field(
            "domain",
            pa.string(),
            "of the sound: speech (words were understood), music (and nothing else), or general",
            nullable=False,
        ),
        _field("writer", pa.string(), "model that was asked to write; null if none was"),
        _field(
            "rungs", pa.list_(pa.string()), "rungs of the ladder that wrote them", nullable=False
        ),
        _field("lints", pa.list_(pa.string()), "faults of replies that were refused"),
        _field(
            "replies",
            pa.list_(pa.struct(_REPLY)),
            "every reply of the LLM about the clip, in the order asked. rung: what asked, or variant "
            "NUMBER STYLE; request_digest: of the whole request; candidate: of several asked for at "
            "once; text: as it came, its first 20,000 of so many characters, null where the server "
            "would not read the request; at_limit: it ended at the token limit; refusals: by guards "
            "(caption null: of the whole reply), in doubt or not; judged: the judge's answers, with "
            "the probability of yes; taken: the captions that were taken from it. Never in a release",
            nullable=False,
        ),
        _field(
            "claims",
            pa.list_(pa.struct(_CAPTION_CLAIM)),
            "what the captions claim, and what speaks for each claim",
            nullable=False,
        ),
        _field("evidence", EVIDENCE, "all weak captions, their claims judged", nullable=False),
        _field("evidence_digest", pa.string(), "of the evidence", nullable=False),
        _field(
            "prompt_digest",
            pa.string(),
            "of the ladder and of what was first asked",
            nullable=False,
        ),
        _field(
            "config_digest", pa.string(), "of every setting that shaped the row", nullable=False
        ),
        _field("caption_digest", pa.string(), "binds clip, captions and digests", nullable=False),
        _field("licence", pa.string(), "licences of the models behind the row", nullable=False),
        _field("outputs_train", pa.bool_(), "these let it train other models; null: not known"),
    ]
)

_LOCALIZED_CLAIM = [
    ("caption", pa.string()),
    ("text", pa.string()),
    ("by", pa.string()),
    ("threshold", pa.float32()),
    ("spans", _SPANS),
    ("inside", pa.float32()),
    ("outside", pa.float32()),
]

SPANS = pa.schema(
    [
        _ID,
        _HASH,
        _URI,
        _START,
        _END,
        _field("caption_digest", pa.string(), "of the captions whose claims they are", False),
        _field(
            "claims",
            pa.list_(pa.struct(_LOCALIZED_CLAIM)),
            "each claim about sound, and by whom it was looked for. spans: where its probability is "
            "above the threshold, in ms from the start of the clip; an empty list where it is heard "
            "nowhere, null (with `by`) where the localizer can't tell. inside, outside: its mean "
            "probability in the spans and beside them",
            nullable=False,
        ),
        _field("licence", pa.string(), "licences of the localizer's models", nullable=False),
        _field("outputs_train", pa.bool_(), "these let it train other models; null: not known"),
    ]
)

FILTERED = pa.schema(
    [_ID, _URI, _START, _END, _field("rule", pa.string(), "filter that dropped it", nullable=False)]
)

QUARANTINE = pa.schema(
    [
        _ID,
        _URI,
        _START,
        _END,
        _field("stage", pa.string(), "where it failed", nullable=False),
        _field("reason", pa.string(), "short code", nullable=False),
        _field("message", pa.string(), "for people", nullable=False),
        _field("reproduce", pa.string(), "command that shows the fault", nullable=False),
    ]
)

_VECTOR = pa.list_(pa.float16())
_PRODUCT = "product of the embeddings of {}; null where the clip lacks one of them"

EMBEDDINGS = pa.schema(
    [
        _ID,
        _field("content_hash", pa.string(), "of the media that was embedded", nullable=False),
        _field("audio", _VECTOR, "of the sound; null without sound"),
        _field("video", _VECTOR, "of the picture; null without picture"),
        _field("audio_video", _VECTOR, "of both together; null where either is missing"),
        _field("audio_ms", pa.int32(), "sound that was embedded, ms", nullable=False),
        _field("frames", pa.int32(), "frames that were embedded", nullable=False),
    ]
)

SIMILARITY = pa.schema(
    [
        _ID,
        _field("content_hash", pa.string(), "of the media", nullable=False),
        _field("caption_digest", pa.string(), "of the caption row; null without captions"),
        _field("audio_video", pa.float32(), _PRODUCT.format("sound and picture")),
        _field("audio_caption", pa.float32(), _PRODUCT.format("sound and audio caption")),
        _field("visual_caption", pa.float32(), _PRODUCT.format("picture and visual caption")),
        _field(
            "audio_visual_caption",
            pa.float32(),
            _PRODUCT.format("both together and audio-visual caption"),
        ),
    ]
)

REVIEWS = pa.schema(
    [
        _field("review_id", pa.string(), "of this review: 32 hex digits", nullable=False),
        _ID,
        _field("reviewer", pa.string(), "who looked, as they call themselves", nullable=False),
        _field(
            "reviewed_ms",
            pa.int64(),
            "when, ms since 1970: of a reviewer's reviews of a clip the last one counts",
            nullable=False,
        ),
        _field("caption_digest", pa.string(), "of the captions that they saw; null without any"),
        _field("verdict", pa.string(), "good or bad; null where they only edited, or took it back"),
        _field(
            "reasons",
            pa.list_(pa.string()),
            "why it is bad: invented, missed, wrong, wrong modality, leaked",
            nullable=False,
        ),
        *(
            _field(name, pa.string(), "as the reviewer would have it; null where not edited")
            for name in ("audio_caption", "visual_caption", "audio_visual_caption")
        ),
    ]
)

COMPARISONS = pa.schema(
    [
        _field("comparison_id", pa.string(), "of this comparison: 32 hex digits", nullable=False),
        _ID,
        _field("reviewer", pa.string(), "who looked, as they call themselves", nullable=False),
        _field(
            "compared_ms",
            pa.int64(),
            "when, ms since 1970: of a reviewer's comparisons of two captions the last one counts",
            nullable=False,
        ),
        _field("caption_digest", pa.string(), "of the captions that are judged", nullable=False),
        _field(
            "other_digest", pa.string(), "of those that they are judged against", nullable=False
        ),
        _field("outcome", pa.string(), "win, tie or loss; null where they took it back"),
    ]
)
