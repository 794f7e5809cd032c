"""Records what google-genai 1.75 sends for Imagen on the Gemini API; later versions refuse to build the request.

python -m venv /tmp/genai && /tmp/genai/bin/pip install google-genai==1.75.0
/tmp/genai/bin/python tests/testing/golden/record_imagen.py > tests/testing/golden/imagen_gemini_api.json
"""

from __future__ import annotations

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from google import genai
from google.genai import types

PICTURE = base64.b64encode(b"\x89PNG").decode()


class Recorder(BaseHTTPRequestHandler):
    """Answers one prediction and keeps what it was asked."""

    def do_POST(self) -> None:
        """Keeps path and body."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        record = {"sdk": f"google-genai {genai.__version__}", "path": self.path, "body": body}
        sys.stdout.write(json.dumps(record, indent=2, sort_keys=True) + "\n")
        answer = json.dumps({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PICTURE}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it
        """Says nothing."""


def main() -> None:
    """Asks for one picture as the adapter does."""
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.handle_request, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = genai.Client(api_key="recording", vertexai=False, http_options=types.HttpOptions(base_url=url))
    config = types.GenerateImagesConfig(
        number_of_images=1,
        aspect_ratio="16:9",
        image_size="2K",
        guidance_scale=7.5,
        include_rai_reason=True,
        output_mime_type="image/png",
    )
    client.models.generate_images(model="imagen-4.0-generate-001", prompt="a red apple", config=config)


if __name__ == "__main__":
    main()
