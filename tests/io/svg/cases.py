"""Elements of which some reader once made something else than resvg does: a body, and attributes of the file."""

# ruff: noqa: E501

CASES = {
    "arc flags without spaces": ('<path d="M2,0a2 2 0 00-2 2a2 2 0 002 2a.5.5 0 011 0z" transform="scale(7)"/>',),
    "a flag before a number": ('<path d="M3 3a25,25 0 1125,25z"/>',),
    "drawing goes on after Z": ('<path d="M0 0L10 0L10 10ZL5 15L0 15m10 -5h8v8z"/>',),
    "exponents": ('<path d="M1e1 -3.05176e-005L2.5e1 20 1E+1 2e1z"/>',),
    "arcs without a radius or a way": ('<path d="M5 5A3 3 0 0 1 5 5L20 5A0 4 0 0 1 20 20z"/>',),
    "attribute, sheet, style": (
        '<style>.a{fill:blue} #b{fill:#0f0} circle.a{fill:orange}</style><rect width="9" height="9" class="a" fill="red"/><circle class="a" r="5" cx="20" cy="9"/><rect id="b" y="14" width="9" height="9" class="a" style="fill:lime"/><rect y="25" width="5" height="5" fill="red" style="fill:lime"/>',
    ),
    "currentColor": (
        '<g color="teal"><rect width="20" height="20" fill="currentColor"/></g><rect x="20" y="20" width="9" height="9" fill="currentColor"/>',
    ),
    "use and symbol in transforms": (
        '<defs><g id="a" transform="translate(2 1)"><rect width="6" height="6" fill="red"/></g><symbol id="s" viewBox="0 0 10 10"><circle cx="5" cy="5" r="7"/></symbol></defs><g transform="scale(1.5)"><use href="#a" x="3" y="4" transform="rotate(10)"/></g><use xlink:href="#s" x="16" y="16" width="12" height="10"/>',
    ),
    "a viewBox with an origin": (
        '<rect x="-5" y="-10" width="10" height="10"/><circle r="9" cx="15" cy="10" fill="green"/>',
        'viewBox="-5 -10 40 40"',
    ),
    "svg in svg": (
        '<svg x="4" y="6" width="20" height="10" viewBox="0 0 10 10" preserveAspectRatio="xMaxYMid"><circle r="5" cx="5" cy="5" fill="navy"/><rect x="9" width="20" height="3"/></svg><svg x="50%" y="50%" width="25%" height="25%"><rect width="100%" height="50%" fill="red"/></svg>',
    ),
    "miter joins": ('<path d="M5 5L20 8L10 20" fill="none" stroke="red" stroke-width="4"/>',),
    "round joins and caps": (
        '<path d="M5 5L20 8L10 20C10 30 28 30 28 20" fill="none" stroke="red" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>',
    ),
    "a closed stroke": (
        '<path d="M5 5L20 8L10 20Z" fill="none" stroke="red" stroke-width="4" stroke-linecap="square" stroke-linejoin="bevel"/>',
    ),
    "miter limits": (
        '<path d="M5 5L25 8L5 11" fill="none" stroke="red" stroke-width="2" stroke-linecap="square" stroke-miterlimit="20"/><path d="M5 20L25 23L5 26" fill="none" stroke="red" stroke-width="2"/>',
    ),
    "an elliptic pen": (
        '<g transform="matrix(1 .2 -.7 1.6 8 0)"><circle cx="12" cy="8" r="6" fill="none" stroke="blue" stroke-width="3"/></g>',
    ),
    "a thick stroke": ('<path d="M10 16C10 0 22 0 22 16" fill="none" stroke="red" stroke-width="13"/>',),
    "a loop": ('<path d="M4 26C40 0 -8 0 28 26" fill="none" stroke="red" stroke-width="5"/>',),
    "a hairline": ('<path d="M4 26C40 0 -8 0 28 26" fill="none" stroke="red" stroke-width=".2"/>',),
    "non-zero star": ('<path d="M16 1L25 29L2 11L30 11L7 29z"/>',),
    "even-odd star, inherited": ('<g fill-rule="evenodd"><path d="M16 1L25 29L2 11L30 11L7 29z"/></g>',),
    "opacity of a group": (
        '<g opacity=".5"><ellipse cx="12" cy="16" rx="9" ry="7"/><ellipse cx="20" cy="16" rx="9" ry="7"/></g>',
    ),
    "fill-opacity of a gradient": (
        '<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue" stop-opacity=".5"/></linearGradient><rect width="30" height="20" fill="url(#g)" fill-opacity=".5"/>',
    ),
    "a gradient in the box of a shape": (
        '<defs><linearGradient id="h" x2="1" y2="1" gradientTransform="rotate(20 .5 .5)"><stop offset=".2" stop-color="red"/><stop offset=".4" stop-color="yellow"/><stop offset=".9" stop-color="blue"/></linearGradient></defs><g transform="rotate(12) scale(1.2 .7)"><rect x="2" y="3" width="26" height="9" fill="url(#h)"/></g>',
    ),
    "a focal point, reflected": (
        '<radialGradient id="r" cx="40%" cy="45%" r="60%" fx="30%" fy="30%" spreadMethod="reflect"><stop offset="0" stop-color="#fff"/><stop offset=".5" stop-color="#f80"/><stop offset="1" stop-color="#408"/></radialGradient><rect x="2" y="3" width="28" height="17" fill="url(#r)"/>',
    ),
    "a gradient on a stroke": (
        '<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient><path d="M4 4h20v20" fill="none" stroke="url(#g)" stroke-width="5"/>',
    ),
    "clip paths": (
        '<clipPath id="c"><circle cx="16" cy="16" r="10"/><rect width="10" height="10"/></clipPath><g clip-path="url(#c)" transform="rotate(5)"><rect width="32" height="16" fill="red"/><rect y="16" width="32" height="16" fill="blue"/></g>',
    ),
    "a clip-rule that is inherited": (
        '<g clip-rule="evenodd"><clipPath id="c"><path d="M2 2h26v26h-26zM8 8h14v14h-14z"/></clipPath></g><clipPath id="d" style="clip-rule:evenodd"><path d="M2 2h9v9h-9zM4 4h5v5h-5z"/></clipPath><rect clip-path="url(#c)" width="32" height="32" fill="red"/><rect clip-path="url(#d)" width="32" height="32" fill="blue"/>',
    ),
    "a clip-rule of the root": (
        '<clipPath id="c"><path d="M2 2h26v26h-26zM8 8h14v14h-14z"/></clipPath><g clip-path="url(#c)"><rect width="32" height="32" fill="red"/></g>',
        'viewBox="0 0 32 32" style="fill-rule:evenodd;clip-rule:evenodd;stroke-linejoin:round;stroke-miterlimit:2"',
    ),
    "languages": (
        '<defs><g id="g" systemLanguage="fr"><rect width="9" height="9"/></g></defs><rect systemLanguage="de" width="20" height="20"/><rect x="20" systemLanguage="de,en-GB" width="9" height="9"/><use href="#g"/><switch><rect systemLanguage="ko" y="10" width="9" height="9"/><rect y="20" width="9" height="9" fill="red"/><rect width="9" height="9"/></switch><clipPath id="c"><rect width="9" height="32"/><rect systemLanguage="de" width="32" height="32"/></clipPath><rect x="5" y="10" width="20" height="9" clip-path="url(#c)"/>',
    ),
    "rounded rectangles": (
        '<rect x="2" y="2" width="20" height="10" rx="3"/><rect x="2" y="14" width="20" height="10" rx="30" ry="2"/>',
    ),
    "opacity of the root": (
        '<rect width="20" height="20" fill="red"/><rect x="9" y="9" width="20" height="20"/>',
        'viewBox="0 0 32 32" opacity=".3"',
    ),
    "a clip path of the root": (
        '<style>svg{clip-path:url(#c)}</style><clipPath id="c"><circle cx="20" cy="16" r="10"/></clipPath><rect width="32" height="16" fill="red"/><text x="1" y="30" font-size="14" font-family="DejaVu Sans">Ab</text>',
    ),
    "what style sheets say of groups around fixed layers": (
        '<style>.a{opacity:.4}#b{clip-path:url(#c)}svg{opacity:.8}g>path{fill:blue}</style><clipPath id="c"><circle cx="20" cy="16" r="10"/></clipPath><filter id="f"><feGaussianBlur stdDeviation="1"/></filter><g class="a"><g id="b"><rect width="20" height="9"/><path d="M5 5h20v20H5z" filter="url(#f)"/></g><path d="M2 26h28" stroke="red" stroke-width="6" stroke-dasharray="4"/></g>',
    ),
    "text around parts of it": (
        '<rect width="3" height="3"/><text y="14" font-size="12" font-family="DejaVu Sans">A<tspan fill="red">B</tspan>C<!-- D --><tspan dy="14" x="2">E</tspan>F</text>',
    ),
    "text in a group": (
        '<rect width="20" height="20" fill="#fd0"/><g opacity=".5" transform="translate(2 3)"><text x="1" y="20" font-size="14" fill="navy">Ab</text></g><circle r="4" cx="20" cy="20" fill="#080"/>',
    ),
    "a filter": (
        '<filter id="f"><feGaussianBlur stdDeviation="2"/></filter><rect width="20" height="20" fill="#fd0"/><g filter="url(#f)"><circle r="7" cx="20" cy="20" fill="#080"/></g>',
    ),
    "a mask": (
        '<mask id="m"><rect width="16" height="32" fill="#fff"/></mask><rect width="20" height="20" fill="#fd0"/><circle r="9" cx="16" cy="16" fill="#080" mask="url(#m)"/>',
    ),
    "dashes": (
        '<path d="M2 2h28v20" stroke="red" stroke-width="3" stroke-dasharray="4 2" fill="none"/><rect width="3" height="3"/>',
    ),
    "stroke below fill": (
        '<circle cx="16" cy="16" r="9" fill="red" stroke="blue" stroke-width="6" paint-order="stroke"/>',
    ),
    "quadratic curves": ('<path d="M2 20Q10 0 16 16T30 8L30 30z" fill="purple"/>',),
    "smooth curves": ('<path d="M2 20C5 2 10 2 14 16S24 30 30 8" fill="none" stroke="purple"/>',),
    "inherited paints": (
        '<g fill="#f00" stroke="#00f" stroke-width="2"><rect x="3" y="3" width="10" height="10"/><rect x="16" y="3" width="10" height="10" stroke="none"/></g>',
    ),
    "a dot": ('<path d="M10 10h0" stroke="red" stroke-width="8" stroke-linecap="round"/><rect width="2" height="2"/>',),
    "dots": (
        '<g stroke="red" stroke-width="6" stroke-linecap="round"><path d="M9 7.3h0"/><path d="M20.7 7z"/><path d="M9 20.3h0v0z"/><path d="M21 20.1h0h0" stroke-linecap="square"/><path d="M29 29h0" stroke-linecap="butt"/></g><rect width="2" height="2"/>',
    ),
    "lines that stop on the way": (
        '<g fill="none" stroke="red" stroke-width="4"><path d="M5.3 5.1L16.7 16.3h0l0 0L25.7 6.1"/><path d="M4.3 18.1v0L10.7 22.3V29.1L4.1 24.3v0z" stroke-linejoin="round"/><path d="M20 20.1h0H28.3h0" stroke-linecap="square"/></g>',
    ),
    "a linear gradient without a length": (
        '<linearGradient id="g" x1=".5" x2=".5"><stop stop-color="red"/><stop offset=".7" stop-color="blue" stop-opacity=".5"/></linearGradient><rect width="30" height="20" fill="url(#g)"/>',
    ),
    "stops that inherit": (
        '<g color="lime"><linearGradient id="g"><stop stop-color="red"/><stop offset=".5" stop-color="currentColor"/><stop offset="1" stop-color="currentColor" color="navy"/></linearGradient></g><linearGradient id="h" stop-color="orange"><stop stop-color="inherit"/><stop offset="1" stop-color="blue"/></linearGradient><rect width="30" height="14" fill="url(#g)"/><rect y="16" width="30" height="14" fill="url(#h)"/>',
    ),
    "a seam": ('<path d="M0 0H16.5V32H0z" fill="red"/><path d="M16.5 0H32V32H16.5z" fill="red"/>',),
    "polygons and lines": (
        '<polygon points="1,1 30,5 20,30"/><polyline points="1,1 30,5 20,30" fill="none" stroke="red"/><line x1="2" y1="30" x2="30" y2="20" stroke="green" stroke-width="2"/>',
    ),
    "percent and mm": (
        '<circle cx="10mm" cy="10mm" r="8mm"/><rect x="1cm" width="10%" height="10%" fill="red"/>',
        'viewBox="0 0 75.59 75.59"',
    ),
    "em and ex": (
        '<g font-size="2"><rect width="6em" height="2ex"/><g style="font-size:150%"><rect y="4" width="2em" height="1em" stroke="red" stroke-width=".5em"/></g><use href="#r" y="5em"/></g><defs><rect id="r" width="4em" height="1em"/></defs><linearGradient id="g" gradientUnits="userSpaceOnUse" font-size="10" x2="3em"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient><rect y="20" width="32" height="9" fill="url(#g)"/><clipPath id="c" font-size="4"><rect x="5em" width="1em" height="5em"/></clipPath><rect x="16" width="1em" height="16" clip-path="url(#c)"/>',
    ),
    "em of the root": (
        '<rect width="2em" height="1em"/><g font-size="1.5em"><rect y="16" width="2em" height="1em"/></g>',
        'viewBox="0 0 32 32" font-size="8"',
    ),
    "none": (
        '<svg width="32" height="32" viewBox="0 0 40 20" preserveAspectRatio="none"><circle r="9" cx="15" cy="10"/></svg>',
    ),
    "slice": (
        '<svg width="32" height="32" viewBox="0 0 40 20" preserveAspectRatio="xMinYMax slice"><circle r="9" cx="15" cy="10"/></svg>',
    ),
}
