"""Every format that is read, one file each; this page lists them and detects nothing.

To add one: a file with a `Format`, its sample in `examples/formats/`, its section in docs/formats.md, a line here.
"""

from __future__ import annotations

from rejoinder.ingest.format import Format
from rejoinder.ingest.readers.chatbotui import CHATBOTUI
from rejoinder.ingest.readers.chatgpt_export import CHATGPT_EXPORT
from rejoinder.ingest.readers.claude_export import CLAUDE_EXPORT
from rejoinder.ingest.readers.gold import GOLD
from rejoinder.ingest.readers.langfuse import LANGFUSE
from rejoinder.ingest.readers.librechat import LIBRECHAT
from rejoinder.ingest.readers.llm_logs import LLM_LOGS
from rejoinder.ingest.readers.lmsys import LMSYS
from rejoinder.ingest.readers.open_webui import OPEN_WEBUI
from rejoinder.ingest.readers.open_webui_feedback import OPEN_WEBUI_FEEDBACK
from rejoinder.ingest.readers.openai_messages import OPENAI_MESSAGES
from rejoinder.ingest.readers.otel import OTEL
from rejoinder.ingest.readers.sharegpt import SHAREGPT
from rejoinder.ingest.readers.table import TABLE, table_format
from rejoinder.ingest.readers.wildchat import WILDCHAT
from rejoinder.ingest.readers.wildfeedback import WILDFEEDBACK

FORMATS: tuple[Format, ...] = (
    WILDCHAT,
    LMSYS,
    SHAREGPT,
    OPENAI_MESSAGES,
    CHATGPT_EXPORT,
    CLAUDE_EXPORT,
    OPEN_WEBUI,
    OPEN_WEBUI_FEEDBACK,
    LIBRECHAT,
    CHATBOTUI,
    LANGFUSE,
    OTEL,
    WILDFEEDBACK,
    GOLD,
    LLM_LOGS,
    TABLE,
)

__all__ = ["FORMATS", "table_format"]
