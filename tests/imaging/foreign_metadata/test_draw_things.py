from __future__ import annotations

import io
import json
from html import escape

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from renderlock.imaging.foreign_metadata.base import PictureTexts
from renderlock.imaging.foreign_metadata.draw_things import read_draw_things
from renderlock.imaging.foreign_metadata.table import read_foreign_bytes

FIELDS = {
    "c": 'a "quoted" lighthouse & sea',
    "uc": "fog",
    "model": "flux_1_schnell_q8p.ckpt",
    "sampler": "Euler A",
    "scale": 4.5,
    "seed": 3271449582,
    "size": "1024x768",
    "steps": 4,
    "strength": 1,
    "seed_mode": "Scale Alike",
}


def test_the_json_in_a_pngs_xmp_is_read() -> None:
    packet = (
        "<x:xmpmeta><rdf:RDF><rdf:Description><xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt>"
        f'<rdf:li xml:lang="x-default">{escape(json.dumps(FIELDS))}</rdf:li></rdf:Alt></exif:UserComment>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    info, buffer = PngInfo(), io.BytesIO()
    info.add_itxt("XML:com.adobe.xmp", packet)
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    metadata = read_foreign_bytes(buffer.getvalue())

    assert metadata is not None
    assert (metadata.tool, metadata.prompt, metadata.negative_prompt) == ("draw-things", FIELDS["c"], "fog")
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (3271449582, 4, 4.5)
    assert (metadata.sampler_name, metadata.size, metadata.model) == ("euler_a", (1024, 768), FIELDS["model"])
    assert metadata.extras == (("seed_mode", "Scale Alike"),)


@pytest.mark.parametrize("creator", ["GIMP", ""])
def test_another_programs_json_is_not_draw_things(creator: str) -> None:
    texts = {"CreatorTool": creator, "UserComment": json.dumps(FIELDS)}

    assert read_draw_things(PictureTexts(texts)) is None
