"""The loopback providers by name; a provider's module is imported when it is served."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProviderEntry:
    """One provider: where its class is, what it answers as, and how renderlock is pointed at it.

    `model` is a reference to try it with; `url_variable` and `key_variable` are the environment variables that hold
    its address and its key, `more` what else must be set.
    """

    name: str
    provider: str
    summary: str
    model: str
    url_variable: str
    key_variable: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def pointing(self, url: str, key: str) -> dict[str, str]:
        """The environment that points renderlock at a server of this provider."""
        keys = {self.key_variable: key} if self.key_variable else {}
        return {self.url_variable: url} | keys | self.more


def _own_server(name: str, attribute: str, title: str) -> ProviderEntry:
    """A server of one's own that speaks the OpenAI images API."""
    variable = name.upper().replace("-", "_")
    return ProviderEntry(
        name,
        f"renderlock.testing.openai.provider:{attribute}",
        f"{title}'s images API",
        f"openai-images:{name}/local-model",
        f"RENDERLOCK_URL_{variable}",
        f"{variable}_API_KEY",
    )


_ALLOW_RETIRED = {"RENDERLOCK_ALLOW_RETIRED": "1"}

PROVIDERS = {
    entry.name: entry
    for entry in (
        ProviderEntry(
            "ideogram",
            "renderlock.testing.ideogram.provider:IdeogramProvider",
            "Ideogram's legacy, v3 and v2 APIs",
            "ideogram-v2",
            "RENDERLOCK_URL_IDEOGRAM",
            "IDEOGRAM_API_KEY",
        ),
        ProviderEntry(
            "imagen",
            "renderlock.testing.imagen.provider:ImagenProvider",
            "Imagen 4 on the Gemini API and on Vertex AI",
            "imagen-4-generate",
            "RENDERLOCK_URL_IMAGEN",
            "GEMINI_API_KEY",
            _ALLOW_RETIRED,
        ),
        ProviderEntry(
            "gemini",
            "renderlock.testing.gemini.provider:GeminiProvider",
            "Gemini's image models (Nano Banana)",
            "nano-banana",
            "RENDERLOCK_URL_GEMINI",
            "GEMINI_API_KEY",
        ),
        ProviderEntry(
            "openai",
            "renderlock.testing.openai.provider:OpenAIProvider",
            "OpenAI's images API",
            "openai-images:gpt-image-2",
            "RENDERLOCK_URL_OPENAI_IMAGES",
            "OPENAI_API_KEY",
        ),
        _own_server("vllm-omni", "VllmOmniProvider", "vLLM-Omni"),
        _own_server("sglang", "SglangProvider", "SGLang"),
        _own_server("sd-cpp", "SdCppProvider", "stable-diffusion.cpp"),
        _own_server("localai", "LocalAIProvider", "LocalAI"),
        ProviderEntry(
            "comfyui",
            "renderlock.testing.comfyui.provider:ComfyUIProvider",
            "ComfyUI with its queue, history and progress socket",
            "comfyui:workflow.json",
            "RENDERLOCK_URL_COMFYUI",
        ),
        ProviderEntry(
            "automatic1111",
            "renderlock.testing.automatic1111.provider:Automatic1111Provider",
            "AUTOMATIC1111 and Forge",
            "a1111:",
            "RENDERLOCK_URL_A1111",
            "A1111_AUTH",
        ),
    )
}
