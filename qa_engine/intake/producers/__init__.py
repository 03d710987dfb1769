"""Readers of every producer's transcripts. At most one of them recognises any document."""

from __future__ import annotations

from qa_engine.intake.base import FormatReader, TextFormatReader
from qa_engine.intake.producers.aliyun_file import ALIYUN_FILE
from qa_engine.intake.producers.aliyun_live import ALIYUN_LIVE, ALIYUN_LIVE_LINES
from qa_engine.intake.producers.contact_lens import CALL_ANALYTICS, CONTACT_LENS, CONTACT_LENS_LIVE
from qa_engine.intake.producers.contact_lens_chat import CONTACT_LENS_CHAT
from qa_engine.intake.producers.dashscope import DASHSCOPE
from qa_engine.intake.producers.funasr import FUNASR, FUNASR_HTTP
from qa_engine.intake.producers.funasr_stream import FUNASR_STREAM, FUNASR_STREAM_LINES
from qa_engine.intake.producers.google_insights import GOOGLE_INSIGHTS
from qa_engine.intake.producers.huawei import HUAWEI_SIS
from qa_engine.intake.producers.pca import PCA
from qa_engine.intake.producers.sca import SCA_RESULT, SCA_UPLOAD
from qa_engine.intake.producers.subtitles import SRT, VTT
from qa_engine.intake.producers.tencent import TENCENT_ASR, TENCENT_TCCC
from qa_engine.intake.producers.transcribe import TRANSCRIBE
from qa_engine.intake.producers.whisper import VERBOSE_JSON, WHISPERX
from qa_engine.intake.producers.whisper_text import WHISPERX_TXT

READERS: tuple[FormatReader, ...] = (
    PCA,
    CONTACT_LENS_CHAT,
    CONTACT_LENS,
    CALL_ANALYTICS,
    CONTACT_LENS_LIVE,
    TRANSCRIBE,
    SCA_UPLOAD,
    SCA_RESULT,
    ALIYUN_LIVE,
    ALIYUN_FILE,
    DASHSCOPE,
    TENCENT_ASR,
    TENCENT_TCCC,
    GOOGLE_INSIGHTS,
    HUAWEI_SIS,
    FUNASR_STREAM,
    FUNASR,
    FUNASR_HTTP,
    VERBOSE_JSON,
    WHISPERX,
)
TEXT_READERS: tuple[TextFormatReader, ...] = (
    VTT,
    SRT,
    WHISPERX_TXT,
    FUNASR_STREAM_LINES,
    ALIYUN_LIVE_LINES,
)
