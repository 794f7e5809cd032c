"""The 64 prompts of the sheet: chosen before any was drawn, drawn with seeds 0 to 3."""

IN_DOMAIN = (
    "red apple", "cat", "dog", "car", "tree", "house", "rocket", "pizza",
    "sunflower", "bicycle", "guitar", "crown", "sword", "castle", "fish", "owl",
    "cactus", "mushroom", "hamburger", "ice cream", "birthday cake", "soccer ball",
    "umbrella", "key", "light bulb", "camera", "airplane", "sailboat", "robot", "ghost",
    "dragon", "t-shirt",
)  # fmt: skip

COMPOSED = (
    "blue car", "green apple", "purple heart", "pink elephant", "yellow star",
    "orange cat on a blue background",
    "white rabbit on a dark green background",
    "sunflower, flat style",
    "rocket, glossy style",
    "owl, noto style",
    "cactus, simple style",
    "a small red apple on the left",
    "a tiny blue star in the top right corner",
    "a small tree at the bottom, on a light blue background",
    "a cat and a car",
    "a red apple on the left and a blue car on the right",
    "a dog next to a house",
    "a yellow star above a green tree",
    "a large crown and a small key",
    "pattern of hearts",
    "pattern of small yellow stars on a dark blue background",
    "a small red apple, flat style, on the left, on a blue background",
    "green circle on a light pink background",
    "huge blue butterfly",
)  # fmt: skip


def held_out_prompts(names: list[str]) -> tuple[str, ...]:
    """Eight held-out concepts: the first in alphabetical order, so that none is picked by eye."""
    return tuple(sorted(names)[:8])
