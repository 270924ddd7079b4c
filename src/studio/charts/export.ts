// Charts as files: SVG text, and PNG by way of a canvas.
import { drawPicture, type Picture, type PictureColors, type Stroke, type Surface, type TextStyle } from "./picture.js";

export interface PictureSize {
  /** In CSS pixels. */
  width: number;
  height: number;
}

const fonts = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
export const defaultSize: PictureSize = { width: 800, height: 450 };
/** Pixels of a PNG for each of its size: it should stay sharp on a dense screen and in print. */
const pngScale = 2;

/** A whole SVG document, readable by itself. */
export function pictureSvg(picture: Picture, colors: PictureColors, { width, height }: PictureSize = defaultSize): string {
  const parts: string[] = [];
  let clips = 0;
  const surface: Surface = {
    rect: (x, y, w, h, color) => void parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}" fill="${escaped(color)}"/>`),
    path(points, stroke) {
      const d = pathData(points);
      if (d !== "") parts.push(`<path d="${d}" fill="none" ${strokeAttributes(stroke)}/>`);
    },
    dot: (x, y, radius, color) => void parts.push(`<circle cx="${short(x)}" cy="${short(y)}" r="${radius}" fill="${escaped(color)}"/>`),
    text(x, y, text, { color, size, anchor, bold, upward }) {
      const turn = upward ? ` transform="rotate(-90 ${short(x)} ${short(y)})"` : "";
      parts.push(`<text x="${short(x)}" y="${short(y)}" font-size="${size}" text-anchor="${anchor}" fill="${escaped(color)}"${bold ? ' font-weight="600"' : ""}${turn}>${escaped(text)}</text>`);
    },
    clipped(x, y, w, h, draw) {
      const id = `plot${clips++}`;
      parts.push(`<clipPath id="${id}"><rect x="${short(x)}" y="${short(y)}" width="${short(w)}" height="${short(h)}"/></clipPath><g clip-path="url(#${id})">`);
      draw();
      parts.push("</g>");
    },
  };
  drawPicture(surface, picture, { width, height, colors });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(fonts)}" role="img" aria-label="${escaped(picture.title)}">\n${parts.join("\n")}\n</svg>\n`;
}

/** The same picture as a PNG, at twice its size in pixels. Rejects where the browser cannot make one that large. */
export async function picturePng(picture: Picture, colors: PictureColors, { width, height }: PictureSize = defaultSize): Promise<Blob> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * pngScale, height * pngScale];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("picturePng: the browser gave no canvas to draw on; export SVG instead");
  context.scale(pngScale, pngScale);
  drawPicture(canvasSurface(context), picture, { width, height, colors });
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("picturePng: the browser could not make the image; export SVG instead"))), "image/png"),
  );
}

function canvasSurface(context: CanvasRenderingContext2D): Surface {
  return {
    rect(x, y, width, height, color) {
      context.fillStyle = color;
      context.fillRect(x, y, width, height);
    },
    path(points, { color, width, dash = [], opacity = 1 }) {
      context.globalAlpha = opacity;
      context.strokeStyle = color;
      context.lineWidth = width;
      context.setLineDash([...dash]);
      context.stroke(new Path2D(pathData(points)));
      context.globalAlpha = 1;
    },
    dot(x, y, radius, color) {
      context.fillStyle = color;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    },
    text: (x, y, text, style) => canvasText(context, x, y, text, style),
    clipped(x, y, width, height, draw) {
      context.save();
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
      draw();
      context.restore();
    },
  };
}

function canvasText(context: CanvasRenderingContext2D, x: number, y: number, text: string, { color, size, anchor, bold, upward }: TextStyle): void {
  context.save();
  context.fillStyle = color;
  context.font = `${bold ? "600 " : ""}${size}px ${fonts}`;
  context.textAlign = anchor === "middle" ? "center" : anchor;
  context.translate(x, y);
  if (upward) context.rotate(-Math.PI / 2);
  context.fillText(text, 0, 0);
  context.restore();
}

function pathData(points: readonly (readonly [number, number] | null)[]): string {
  let down = false;
  return points
    .map((point) => {
      if (!point) {
        down = false;
        return "";
      }
      const command = down ? "L" : "M";
      down = true;
      return `${command}${short(point[0])} ${short(point[1])}`;
    })
    .join("");
}

function strokeAttributes({ color, width, dash = [], opacity = 1 }: Stroke): string {
  return `stroke="${escaped(color)}" stroke-width="${width}" stroke-linejoin="round"${dash.length > 0 ? ` stroke-dasharray="${dash.join(" ")}"` : ""}${opacity < 1 ? ` stroke-opacity="${opacity}"` : ""}`;
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** Names of runs are the user's, and go into attributes and text. Control characters are not allowed in XML at all. */
function escaped(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The colours of theme.css as they are now. */
export function pictureColors(): PictureColors {
  return { background: cssColor("--surface"), text: cssColor("--text"), muted: cssColor("--muted"), grid: cssColor("--line") };
}

/** A custom property of theme.css as a colour that a canvas takes. */
export function cssColor(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim() || "#808080";
}

/** Has the browser save `content` as a file. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has the blob from the click on, but not in the same task everywhere.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
