from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.comfyui import read_comfyui
from renderlock.imaging.foreign_metadata.table import read_foreign_bytes, read_foreign_texts

Inputs = dict[str, object]
Graph = dict[str, object]


def node(kind: str, **inputs: object) -> Graph:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def to(key: str, slot: int = 0) -> list[object]:
    return [key, slot]


def read(graph: Graph, file_name: str = "ComfyUI_00001_.png") -> ForeignMetadata:
    metadata = read_comfyui(PictureTexts({"prompt": json.dumps(graph)}, file_name=file_name))
    assert metadata is not None
    return metadata


def default_graph() -> Graph:
    """The graph ComfyUI starts with, as its script_examples/basic_api_example.py has it."""
    return {
        "3": node("KSampler", seed=8566257, steps=20, cfg=8, sampler_name="euler", scheduler="normal", denoise=1,
                  model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("5")),
        "4": node("CheckpointLoaderSimple", ckpt_name="v1-5-pruned-emaonly.safetensors"),
        "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="masterpiece best quality girl", clip=to("4", 1)),
        "7": node("CLIPTextEncode", text="bad hands", clip=to("4", 1)),
        "8": node("VAEDecode", samples=to("3"), vae=to("4", 2)),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=to("8")),
    }  # fmt: skip


def flux_graph() -> Graph:
    """FLUX with the advanced sampler, as ComfyUI's flux_dev example has it."""
    return {
        "5": node("EmptyLatentImage", width=1024, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="a cat in a window", clip=to("11")),
        "8": node("VAEDecode", samples=to("13"), vae=to("10")),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=to("8")),
        "10": node("VAELoader", vae_name="ae.sft"),
        "11": node("DualCLIPLoader", clip_name1="t5xxl_fp16.safetensors", clip_name2="clip_l.safetensors", type="flux"),
        "12": node("UNETLoader", unet_name="flux1-dev.sft", weight_dtype="default"),
        "13": node("SamplerCustomAdvanced", noise=to("25"), guider=to("22"), sampler=to("16"), sigmas=to("17"),
                   latent_image=to("5")),
        "16": node("KSamplerSelect", sampler_name="euler"),
        "17": node("BasicScheduler", scheduler="simple", steps=20, denoise=1, model=to("12")),
        "22": node("BasicGuider", model=to("12"), conditioning=to("26")),
        "25": node("RandomNoise", noise_seed=219670278747233),
        "26": node("FluxGuidance", guidance=3.5, conditioning=to("6")),
    }  # fmt: skip


def changed(graph: Graph, **nodes: Graph) -> Graph:
    return {**graph, **{key.removeprefix("n"): value for key, value in nodes.items()}}


def test_the_default_graph_gives_every_field(png_with: Callable[[Mapping[str, str]], bytes]) -> None:
    data = png_with({"prompt": json.dumps(default_graph()), "workflow": '{"nodes": []}'})
    metadata = read_foreign_bytes(data)

    assert metadata is not None
    assert metadata.tool == "comfyui"
    assert (metadata.prompt, metadata.negative_prompt) == ("masterpiece best quality girl", "bad hands")
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (8566257, 20, 8.0)
    assert (metadata.sampler, metadata.sampler_name, metadata.schedule) == ("euler", "euler", "normal")
    assert (metadata.size, metadata.model) == ((512, 768), "v1-5-pruned-emaonly.safetensors")
    assert metadata.denoising_strength == 1.0


def test_flux_with_the_advanced_sampler_gives_every_field() -> None:
    metadata = read(flux_graph())

    assert (metadata.prompt, metadata.negative_prompt) == ("a cat in a window", "")
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (219670278747233, 20, 3.5)
    assert (metadata.sampler_name, metadata.schedule, metadata.size) == ("euler", "simple", (1024, 768))
    assert metadata.model == "flux1-dev.sft"


def test_a_cfg_guider_gives_both_prompts_and_the_guidance() -> None:
    graph = changed(
        flux_graph(),
        n22=node("CFGGuider", cfg=4.5, model=to("12"), positive=to("6"), negative=to("7")),
        n7=node("CLIPTextEncode", text="blurry", clip=to("11")),
    )
    metadata = read(graph)

    assert (metadata.prompt, metadata.negative_prompt, metadata.guidance_scale) == ("a cat in a window", "blurry", 4.5)


def test_the_custom_sampler_has_its_seed_and_guidance_itself() -> None:
    graph = changed(
        default_graph(),
        n3=node("SamplerCustom", add_noise=True, noise_seed=77, cfg=6.0, model=to("4"), positive=to("6"),
                negative=to("7"), sampler=to("16"), sigmas=to("17"), latent_image=to("5")),
        n16=node("KSamplerSelect", sampler_name="dpmpp_2m"),
        n17=node("KarrasScheduler", steps=24, sigma_max=14.6, sigma_min=0.03, rho=7),
    )  # fmt: skip
    metadata = read(graph)

    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (77, 24, 6.0)
    assert (metadata.sampler_name, metadata.schedule) == ("dpmpp_2m", "karras")


def test_a_node_of_one_sampler_only_names_it_by_its_class() -> None:
    graph = changed(flux_graph(), n16=node("SamplerEulerAncestral", eta=1.0, s_noise=1.0))

    assert read(graph).sampler_name == "euler_a"


def test_a_node_that_adds_noise_is_no_sampling_pass() -> None:
    graph = changed(
        default_graph(),
        n90=node("AddLatentNoise", seed=13, strength=0.1, latent=to("3")),
        n8=node("VAEDecode", samples=to("90"), vae=to("4", 2)),
    )
    metadata = read(graph)

    assert (metadata.seed, metadata.size) == (8566257, (512, 768))


def test_after_an_upscale_model_the_size_is_not_known() -> None:
    graph = changed(
        default_graph(),
        n91=node("ImageUpscaleWithModel", upscale_model=to("92"), image=to("8")),
        n92=node("UpscaleModelLoader", model_name="4x-UltraSharp.pth"),
        n93=node("VAEEncode", pixels=to("91"), vae=to("4", 2)),
        n94=node("KSampler", seed=2, steps=9, cfg=5, sampler_name="euler", scheduler="normal", denoise=0.3,
                 model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("93")),
        n95=node("VAEDecode", samples=to("94"), vae=to("4", 2)),
        n9=node("SaveImage", filename_prefix="ComfyUI", images=to("95")),
    )  # fmt: skip
    metadata = read(graph)

    assert (metadata.size, metadata.seed) == (None, 8566257)


def test_base_and_refiner_of_sdxl_are_two_passes_of_one_picture() -> None:
    graph: Graph = {
        "4": node("CheckpointLoaderSimple", ckpt_name="sd_xl_base_1.0.safetensors"),
        "5": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "6": node("CLIPTextEncode", text="a jar", clip=to("4", 1)),
        "7": node("CLIPTextEncode", text="watermark", clip=to("4", 1)),
        "10": node("KSamplerAdvanced", add_noise="enable", noise_seed=721897303308196, steps=25, cfg=8,
                   sampler_name="euler", scheduler="normal", start_at_step=0, end_at_step=20,
                   return_with_leftover_noise="enable", model=to("4"), positive=to("6"), negative=to("7"),
                   latent_image=to("5")),
        "11": node("KSamplerAdvanced", add_noise="disable", noise_seed=0, steps=25, cfg=8, sampler_name="euler",
                   scheduler="normal", start_at_step=20, end_at_step=10000, return_with_leftover_noise="disable",
                   model=to("12"), positive=to("15"), negative=to("7"), latent_image=to("10")),
        "12": node("CheckpointLoaderSimple", ckpt_name="sd_xl_refiner_1.0.safetensors"),
        "15": node("CLIPTextEncode", text="a jar", clip=to("12", 1)),
        "17": node("VAEDecode", samples=to("11"), vae=to("12", 2)),
        "19": node("SaveImage", filename_prefix="ComfyUI", images=to("17")),
    }  # fmt: skip
    metadata = read(graph)

    assert (metadata.prompt, metadata.negative_prompt, metadata.seed) == ("a jar", "watermark", 721897303308196)
    assert (metadata.model, metadata.size) == ("sd_xl_base_1.0.safetensors", (1024, 1024))
    assert dict(metadata.extras)["pass 2"].startswith("seed: 0, steps: 25")


def test_prompts_are_followed_through_conditioning_nodes() -> None:
    graph = changed(
        default_graph(),
        n20=node("ConditioningCombine", conditioning_1=to("6"), conditioning_2=to("21")),
        n21=node("CLIPTextEncode", text="at night", clip=to("4", 1)),
        n22=node("ControlNetApplyAdvanced", positive=to("20"), negative=to("7"), control_net=to("23"), strength=1.0),
        n23=node("ControlNetLoader", control_net_name="canny.pth"),
        n24=node("Reroute", **{"": to("22", 0)}),
    )
    graph["3"] = node("KSampler", seed=1, steps=20, cfg=8, sampler_name="euler", scheduler="normal", denoise=1,
                      model=to("4"), positive=to("24"), negative=to("22", 1), latent_image=to("5"))  # fmt: skip
    metadata = read(graph)

    assert (metadata.prompt, metadata.negative_prompt) == ("masterpiece best quality girl\nat night", "bad hands")


def test_of_a_node_with_both_prompts_the_linked_output_counts() -> None:
    graph = changed(
        default_graph(),
        n22=node("ControlNetApplyAdvanced", positive=to("6"), negative=to("7"), control_net=to("23"), strength=1.0),
        n23=node("ControlNetLoader", control_net_name="canny.pth"),
        n3=node("KSampler", seed=1, steps=20, cfg=8, sampler_name="euler", scheduler="normal", denoise=1,
                model=to("4"), positive=to("22", 1), negative=to("22", 0), latent_image=to("5")),
    )  # fmt: skip
    metadata = read(graph)

    assert (metadata.prompt, metadata.negative_prompt) == ("bad hands", "masterpiece best quality girl")


def test_a_zeroed_out_negative_is_an_empty_one() -> None:
    graph = changed(default_graph(), n7=node("ConditioningZeroOut", conditioning=to("6")))

    assert read(graph).negative_prompt == ""


@pytest.mark.parametrize(
    ("encoder", "prompt", "second"),
    [
        (node("CLIPTextEncodeSDXL", text_g="a fox", text_l="a fox", width=1024, clip=to("4", 1)), "a fox", None),
        (node("CLIPTextEncodeSDXL", text_g="a fox", text_l="ink", width=1024, clip=to("4", 1)), "a fox", "ink"),
        (
            node("CLIPTextEncodeFlux", clip_l="fox", t5xxl="a red fox", guidance=3.5, clip=to("4", 1)),
            "a red fox",
            "fox",
        ),
        (node("CLIPTextEncodeSD3", clip_l="", clip_g="a fox", t5xxl="", clip=to("4", 1)), "a fox", None),
        (node("CLIPTextEncode", text="", clip=to("4", 1)), "", None),
    ],
)
def test_encoders_with_several_texts_give_the_main_one(encoder: Graph, prompt: str, second: str | None) -> None:
    metadata = read(changed(default_graph(), n6=encoder))

    assert metadata.prompt == prompt
    assert dict(metadata.extras).get("second prompt") == second


def test_texts_seeds_and_sizes_given_by_links_are_followed() -> None:
    graph = changed(
        default_graph(),
        n6=node("CLIPTextEncode", text=to("30"), clip=to("4", 1)),
        n30=node("StringConcatenate", string_a=to("31"), string_b="on a roof", delimiter=", "),
        n31=node("PrimitiveStringMultiline", value="a cat"),
        n5=node("EmptyLatentImage", width=to("32"), height=640, batch_size=1),
        n32=node("PrimitiveInt", value=960),
        n33=node("Seed (rgthree)", seed=4711),
        n34=node("Reroute", **{"": to("33")}),
    )
    graph["3"] = node("KSampler", seed=to("34"), steps=20, cfg=8, sampler_name="euler", scheduler="normal", denoise=1,
                      model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("5"))  # fmt: skip
    metadata = read(graph)

    assert (metadata.prompt, metadata.seed, metadata.size) == ("a cat, on a roof", 4711, (960, 640))


def test_the_first_pass_gives_the_seed_and_the_last_one_the_size() -> None:
    graph = changed(
        default_graph(),
        n40=node("LatentUpscaleBy", upscale_method="nearest-exact", scale_by=1.5, samples=to("3")),
        n41=node("KSampler", seed=999, steps=8, cfg=5, sampler_name="dpmpp_sde", scheduler="karras", denoise=0.5,
                 model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("40")),
        n8=node("VAEDecode", samples=to("41"), vae=to("4", 2)),
    )  # fmt: skip
    metadata = read(graph)

    assert (metadata.seed, metadata.steps, metadata.sampler) == (8566257, 20, "euler")
    assert metadata.size == (768, 1152)
    assert dict(metadata.extras)["pass 2"] == "seed: 999, steps: 8, cfg: 5, sampler: dpmpp_sde, denoise: 0.5"


def test_a_pass_after_decoding_scaling_and_encoding_is_a_later_one() -> None:
    graph = changed(
        default_graph(),
        n50=node("ImageScale", upscale_method="lanczos", width=1024, height=1536, crop="disabled", image=to("8")),
        n51=node("VAEEncode", pixels=to("50"), vae=to("4", 2)),
        n52=node("KSampler", seed=5, steps=8, cfg=5, sampler_name="euler", scheduler="normal", denoise=0.4,
                 model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("51")),
        n53=node("VAEDecode", samples=to("52"), vae=to("4", 2)),
        n9=node("SaveImage", filename_prefix="ComfyUI", images=to("53")),
    )  # fmt: skip
    metadata = read(graph)

    assert (metadata.seed, metadata.size) == (8566257, (1024, 1536))


def test_the_saving_node_that_named_the_file_is_the_one_that_counts() -> None:
    graph = changed(
        default_graph(),
        n60=node("KSampler", seed=60, steps=4, cfg=1, sampler_name="lcm", scheduler="normal", denoise=1,
                 model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("5")),
        n61=node("VAEDecode", samples=to("60"), vae=to("4", 2)),
        n62=node("SaveImage", filename_prefix="drafts/quick", images=to("61")),
    )  # fmt: skip

    assert read(graph, "quick_00004_.png").seed == 60
    assert read(graph, "ComfyUI_00004_.png").seed == 8566257


def test_the_model_is_followed_through_loras_which_are_listed() -> None:
    graph = changed(
        default_graph(),
        n70=node(
            "LoraLoader",
            lora_name="ink.safetensors",
            strength_model=0.8,
            strength_clip=1,
            model=to("4"),
            clip=to("4", 1),
        ),
    )
    sampler = graph["3"]
    assert isinstance(sampler, dict)
    sampler["inputs"]["model"] = to("70")
    metadata = read(graph)

    assert metadata.model == "v1-5-pruned-emaonly.safetensors"
    assert dict(metadata.extras)["lora 1"] == "ink.safetensors: 0.8"


def test_an_efficient_loader_has_its_prompts_itself() -> None:
    graph: Graph = {
        "1": node("Efficient Loader", ckpt_name="sd.safetensors", positive="a fox", negative="bad",
                  empty_latent_width=512, empty_latent_height=512),
        "2": node("KSampler (Efficient)", seed=4, steps=20, cfg=7, sampler_name="euler", scheduler="normal", denoise=1,
                  model=to("1"), positive=to("1", 1), negative=to("1", 2), latent_image=to("1", 3)),
        "3": node("SaveImage", filename_prefix="x", images=to("2", 5)),
    }  # fmt: skip
    metadata = read(graph)

    assert (metadata.prompt, metadata.negative_prompt, metadata.seed) == ("a fox", "bad", 4)
    assert metadata.model == "sd.safetensors"


def test_a_hosted_models_node_gives_prompt_and_seed() -> None:
    graph: Graph = {
        "1": node("IdeogramV3", prompt="a poster", seed=12, aspect_ratio="1:1"),
        "2": node("SaveImage", images=to("1")),
    }
    metadata = read(graph)

    assert (metadata.prompt, metadata.seed, metadata.model) == ("a poster", 12, "IdeogramV3")
    assert metadata.notes


def test_nan_in_the_graph_is_read_as_comfyui_writes_it() -> None:
    text = json.dumps(changed(default_graph(), n99={**node("LoadImage", image="a.png"), "is_changed": [float("nan")]}))

    assert "NaN" in text
    assert read(json.loads(text)).seed == 8566257


def test_the_editors_graph_alone_is_recognised_and_said_to_be_unread() -> None:
    metadata = read_comfyui(PictureTexts({"workflow": '{"nodes": [], "links": []}'}))

    assert metadata is not None
    assert (metadata.tool, metadata.prompt) == ("comfyui", None)
    assert "editor" in metadata.notes[0]


def test_an_a1111_text_beside_the_graph_completes_what_the_graph_does_not_tell() -> None:
    graph = changed(default_graph(), n6=node("MysteryPrompt", seed=3))
    texts = {"prompt": json.dumps(graph), "parameters": "a fox\nSteps: 5, Sampler: LMS, Seed: 3, Model hash: ab12"}
    metadata = read_foreign_texts(PictureTexts(texts))

    assert metadata is not None
    assert (metadata.prompt, metadata.model_hash, metadata.seed) == ("a fox", "ab12", 8566257)


def test_cycles_end() -> None:
    graph = changed(
        default_graph(),
        n6=node("ConditioningCombine", conditioning_1=to("6"), conditioning_2=to("80")),
        n80=node("ConditioningCombine", conditioning_1=to("6"), conditioning_2=to("6")),
        n5=node("LatentUpscaleBy", samples=to("81"), scale_by=2),
        n81=node("LatentUpscaleBy", samples=to("5"), scale_by=2),
        n4=node("LoraLoader", lora_name=to("4"), model=to("4")),
    )
    metadata = read(graph)

    assert (metadata.seed, metadata.prompt, metadata.size) == (8566257, None, None)


def test_a_graph_that_fans_out_exponentially_is_given_up_in_time() -> None:
    graph = default_graph()
    for level in range(200):
        graph[f"c{level}"] = node(
            "ConditioningCombine", conditioning_1=to(f"c{level + 1}"), conditioning_2=to(f"c{level + 1}")
        )
        graph[f"s{level}"] = node("StringConcatenate", string_a=to(f"s{level + 1}"), string_b=to(f"s{level + 1}"))
    graph["6"] = node("ConditioningCombine", conditioning_1=to("c0"), conditioning_2=to("7"))
    graph["7"] = node("CLIPTextEncode", text=to("s0"), clip=to("4", 1))

    assert read(graph).seed == 8566257


def test_a_graph_of_too_many_nodes_is_not_walked() -> None:
    graph: Graph = {str(number): node("Note", text="x") for number in range(20_001)}

    assert read_comfyui(PictureTexts({"prompt": json.dumps(graph)})) is None


def test_a_plain_text_under_the_key_prompt_is_not_comfyuis() -> None:
    assert read_comfyui(PictureTexts({"prompt": "a fox"})) is None
    assert read_comfyui(PictureTexts({"prompt": '{"a": 1}'})) is None
