// A report as one HTML file: no scripts, nothing loaded.

/** For text between tags and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** `body` is HTML; `extraStyle` is CSS. */
export function htmlPage(title: string, body: readonly string[], extraStyle = ""): string {
  return [
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>`,
    `<meta name="viewport" content="width=device-width"><style>${style}${extraStyle}</style></head><body>`,
    ...body,
    "</body></html>\n",
  ].join("\n");
}

/** Names and what they are. */
export function factList(facts: readonly (readonly [name: string, value: string])[]): string {
  return `<dl>${facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join("")}</dl>`;
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { color: #7d838c; } dd { margin: 0; }
figure { display: inline-block; margin: 0.5rem 0; width: 100%; max-width: 760px; }
figure svg { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: left; padding: 0.15rem 0.6rem; border-bottom: 1px solid #8a8f9844; white-space: nowrap; }
`;
