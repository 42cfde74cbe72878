"""The words that tools use for who is speaking, and the four roles that we know.

A word that is not listed here is read as `tool`: it is kept, and it speaks neither for the user nor for the model.
"""

from __future__ import annotations

from rejoinder.records import Role

_WORDS: dict[Role, str] = {
    "user": "user human person people prompter customer client visitor question prompt speaker_user you me participant",
    "assistant": (
        "assistant ai gpt gpt-3 gpt-4 chatgpt bot chatbot model llm claude bard bing gemini llama palm copilot agent "
        "answer response completion speaker_assistant machine assistant-v1"
    ),
    "system": "system developer instruction instructions system_prompt system-prompt context preamble",
    "tool": (
        "tool function observation tool_response tool_result tool_output function_response function_result "
        "function_output ipython execution environment retriever plugin search"
    ),
}
ROLES: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}
"""Role by lower-case word."""

CALL_WORDS = frozenset({"function_call", "tool_call", "tool_calls", "action"})
"""Words of messages that are nothing but the model calling a tool (ShareGPT's `function_call`)."""


def role_of(word: str) -> Role:
    """The role that a tool's word for the speaker stands for; `tool` for a word nobody knows."""
    role = ROLES.get(word)
    if role is not None:
        return role
    bare = word.strip().strip("<|>:").lower()
    return "assistant" if bare in CALL_WORDS else ROLES.get(bare, "tool")
