"""The loopback providers by name; a provider's module is imported when it is served."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProviderEntry:
    """One provider: where its class is, what it answers as, and the model to try it with."""

    name: str
    provider: str
    summary: str
    model: str


PROVIDERS = {
    entry.name: entry
    for entry in (
        ProviderEntry(
            "ideogram",
            "renderlock.testing.ideogram.provider:IdeogramProvider",
            "Ideogram's legacy, v3 and v2 APIs",
            "ideogram-v2",
        ),
        ProviderEntry(
            "imagen",
            "renderlock.testing.imagen.provider:ImagenProvider",
            "Imagen 4 on the Gemini API and on Vertex AI",
            "imagen-4-generate",
        ),
        ProviderEntry(
            "gemini",
            "renderlock.testing.gemini.provider:GeminiProvider",
            "Gemini's image models (Nano Banana)",
            "nano-banana",
        ),
    )
}
