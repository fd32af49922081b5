"""What the suffix of a file's name says of its content."""

import os

# Only media is named so: such a file is a source whatever is in it.
MEDIA = frozenset(
    b".264 .265 .3g2 .3ga .3gp .3gp2 .3gpp .aac .aax .ac3 .adts .aif .aifc .aiff .amr .ape .apng "
    b".asf .avi .avif .avifs .bmp .bwf .caf .dib .divx .dtshd .dvr-ms .eac3 .f4a .f4b .f4p .f4v "
    b".flac .flv .gif .h264 .h265 .heic .heics .heif .heifs .hevc .hif .ivf .j2k .jfif .jp2 .jpe "
    b".jpeg .jpg .jxl .m2v .m3u8 .m4a .m4b .m4p .m4r .m4v .mk3d .mka .mkv .mov .mp2 .mp3 .mp4 "
    b".mp4v .mpd .mxf .nut .oga .ogg .ogv .ogx .opus .png .qoi .qt .rf64 .rmvb .spx .tga .tif "
    b".tiff .tta .w64 .wav .wave .weba .webm .webp .wma .wmv .wtv .wv .y4m".split()
)
# Media, or text: what holds text is none.
SHARED = frozenset(b".au .dv .m1v .m2t .m2ts .mpe .mpeg .mpg .mpv .ra .rm .vob".split())
# MPEG transport streams, also disguised as pictures, or TypeScript: text is no media, nor is what begins
# like none.
TRANSPORT = frozenset(b".cts .mts .ts".split())
# Text and data, downloads that did not end, and what cameras put beside their files (thumbnails, small
# copies, raw pictures): never opened, never media.
OTHER = frozenset(
    b".7z .ai .apk .aria2 .arrow .arw .ass .avro .bak .bash .bat .bib .bin .bz2 .c .cc .cfg .ckpt "
    b".class .cmd .conf .cpp .cr2 .cr3 .crdownload .crt .cs .css .csv .cue .db .deb .dll .dmg .dng "
    b".doc .docx .download .eot .eps .epub .exe .feather .frag .gguf .go .gz .h .h5 .hdf5 .hpp "
    b".htm .html .ico .idx .ini .ipynb .iso .jar .java .js .json .json5 .jsonl .jsx .key .kt .lck "
    b".lmdb .lock .log .lrc .lrf .lrv .lua .lz4 .m .mat .md .md5 .mdb .mjs .msgpack .msi .ndjson "
    b".nef .nfo .npy .npz .o .odp .ods .odt .onnx .orc .orf .otf .parquet .part .pb .pdf .pem .php "
    b".pickle .pkl .pl .ppt .pptx .properties .ps .ps1 .pt .pth .py .pyc .r .raf .rar .rb .rs .rst "
    b".rtf .rw2 .safetensors .sbv .scss .sh .sha256 .so .sql .sqlite .sqlite3 .srt .ssa .sub .sum "
    b".svg .swift .tar .tex .tfrecord .tgz .thm .tmp .toml .torrent .tsv .tsx .ttf .txt .url .vtt "
    b".wasm .woff .woff2 .xls .xlsx .xml .xmp .xz .yaml .yml .ytdl .z .zip .zst".split()
)


def is_other(suffix: bytes) -> bool:
    """Whether files with this suffix are never media."""
    return suffix in OTHER or suffix.startswith(b".part")


def suffix(name: bytes) -> bytes:
    """The suffix of a name in lower case, with its dot; empty when there is none."""
    return os.path.splitext(name)[1].lower()
