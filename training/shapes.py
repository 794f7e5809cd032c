"""Plain shapes drawn by us, as SVG bodies in a 100 x 100 box: their colour is always in the caption."""

_FILL = 'fill="#d62d2d"'
_LINE = 'fill="none" stroke="#d62d2d"'

SHAPES: dict[str, str] = {
    "circle": f'<circle cx="50" cy="50" r="48" {_FILL}/>',
    "square": f'<rect x="4" y="4" width="92" height="92" {_FILL}/>',
    "rounded square": f'<rect x="4" y="4" width="92" height="92" rx="20" {_FILL}/>',
    "triangle": f'<path d="M50 6 L98 92 L2 92 Z" {_FILL}/>',
    "star shape": (
        '<path d="M50 2 L61.8 36.9 L98 37.3 L69.1 59.2 L79.4 94 L50 73 L20.6 94 L30.9 59.2 '
        f'L2 37.3 L38.2 36.9 Z" {_FILL}/>'
    ),
    "heart shape": (
        '<path d="M50 92 C12 62 2 46 2 30 C2 14 14 6 26 6 C37 6 46 13 50 22 C54 13 63 6 74 6 '
        f'C86 6 98 14 98 30 C98 46 88 62 50 92 Z" {_FILL}/>'
    ),
    "diamond": f'<path d="M50 2 L90 50 L50 98 L10 50 Z" {_FILL}/>',
    "hexagon": f'<path d="M26 8 L74 8 L98 50 L74 92 L26 92 L2 50 Z" {_FILL}/>',
    "pentagon": f'<path d="M50 3 L98 39 L80 96 L20 96 L2 39 Z" {_FILL}/>',
    "octagon": f'<path d="M30 2 L70 2 L98 30 L98 70 L70 98 L30 98 L2 70 L2 30 Z" {_FILL}/>',
    "rectangle": f'<rect x="2" y="24" width="96" height="52" {_FILL}/>',
    "oval": f'<ellipse cx="50" cy="50" rx="48" ry="32" {_FILL}/>',
    "ring": f'<circle cx="50" cy="50" r="39" {_LINE} stroke-width="18"/>',
    "cross": f'<path d="M35 2 H65 V35 H98 V65 H65 V98 H35 V65 H2 V35 H35 Z" {_FILL}/>',
    "crescent": f'<path d="M66 4 A48 48 0 1 0 96 72 A40 40 0 1 1 66 4 Z" {_FILL}/>',
    "semicircle": f'<path d="M2 74 A48 48 0 0 1 98 74 Z" {_FILL}/>',
    "arrow": f'<path d="M2 36 H56 V12 L98 50 L56 88 V64 H2 Z" {_FILL}/>',
    "square outline": f'<rect x="9" y="9" width="82" height="82" {_LINE} stroke-width="14"/>',
    "triangle outline": f'<path d="M50 16 L89 86 L11 86 Z" {_LINE} stroke-width="13"/>',
    "frame": f'<rect x="7" y="7" width="86" height="86" {_LINE} stroke-width="10"/>',
}
