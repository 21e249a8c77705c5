"""How well the text of answers can be read on a page."""

from __future__ import annotations

#: The contrast of each text with what is behind it, by WCAG 2; colours as the browser paints them.
CONTRASTS = """() => {
    const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
        .getContext("2d", {willReadFrequently: true});
    const rgba = colour => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map(n => top[n] * top[3] + below[n] * (1 - top[3]));
    const light = rgb => rgb.map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = element => {
        const layers = [];
        for (let e = element; e; e = e.parentElement)
            layers.push(rgba(getComputedStyle(e).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const found = {};
    for (const answer of document.querySelectorAll(".wxn-answer")) {
        answer.querySelectorAll("details").forEach(e => { e.open = true; });
        const texts = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            const e = text.parentElement;
            if (!text.data.trim() || e.closest("mjx-assistive-mml,.wxn-summary")) continue;
            const back = behind(e), colour = rgba(getComputedStyle(e).color);
            const [a, b] = [light(over(colour, back)), light(back)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            const coloured = e.getAttribute("style")?.match(/--wxn-(\\w+)/)?.[1];
            const kind = coloured ?? e.className;
            const name = [e.localName, kind, e.closest("[class^=wxn-]").className].join(" ");
            found[name] = Math.min(found[name] ?? 99, Math.round(ratio * 100) / 100);
        }
    }
    return found;
}"""
