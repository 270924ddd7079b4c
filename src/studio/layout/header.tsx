import { chooseTheme, themeChoice, themeChoices, type ThemeChoice } from "../state/theme.js";
import { device } from "../state/runs.js";
import { linkToSettings } from "../state/url.js";
import { notify, telling } from "../state/notices.js";

export function Header() {
  return (
    <header class="row">
      <h1>Kiln Studio</h1>
      <DeviceBadge />
      <span class="grow" />
      <button onClick={() => void telling(copyLink)} title="Copies an address that opens this page with the settings of the form.">
        Copy link
      </button>
      <label class="row">
        Theme
        <select value={themeChoice.value} onChange={(event) => chooseTheme(event.currentTarget.value as ThemeChoice)} title="Light or dark; system follows this computer.">
          {themeChoices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      </label>
    </header>
  );
}

async function copyLink(): Promise<void> {
  await navigator.clipboard.writeText(linkToSettings());
  notify("info", "The link is copied. It holds the settings, not your text and not the trained model.");
}

function DeviceBadge() {
  const known = device.value;
  if (!known) return <span class="muted">{known === null ? "no device" : "looking for a device…"}</span>;
  const { name, software } = known.adapter;
  return (
    <span class="device" title={software ? "This browser gives no GPU: a processor computes, much slower." : "Where the model is trained."}>
      {name}
      {software && <span class="warning"> · no GPU: slow</span>}
    </span>
  );
}
